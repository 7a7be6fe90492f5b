// Opens N WebSockets, publishes bursts through the server's control connection, drains the sockets and counts what has
// arrived. A delivery is one "|~" seen on a socket: each event holds it once.
//
//   cc -O2 -o client client.c
//   client <port> <control port> <server's pid> <sockets> <phase>[,<phase>...]
//
// A phase is <events a burst>:<bursts under way>:<seconds>, seconds of the server's CPU time, so that a busy machine
// makes it longer and not shorter. After half as much to warm up, it prints one line of JSON: the deliveries, the
// server's CPU seconds from /proc, and whether everything that was published has arrived.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long long u64;

enum { CONNECTING = 0, HANDSHAKING, OPEN, DEAD };
enum { CONNECT_AT_ONCE = 100, CONNECT_US = 40000000, STALL_US = 5000000, PAUSE_US = 100, CPU_CHECK_US = 5000 };

struct connection {
  int fd;
  unsigned char state;
  // The last byte read was the first half of a mark.
  unsigned char half;
};

static struct connection *connections;
static int sockets, opened, up, dead, port, epoll, control;
static u64 delivered, published;
static const char *server_pid;

static u64 now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000ull + time.tv_nsec / 1000;
}

static double server_cpu(void) {
  char name[64], text[2048];
  snprintf(name, sizeof name, "/proc/%s/stat", server_pid);
  FILE *file = fopen(name, "r");
  if (!file) exit(3);
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  u64 user = 0, system = 0;
  sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system);
  return (double)(user + system) / sysconf(_SC_CLK_TCK);
}

static void start(int index) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  // Several addresses, so that many sockets do not run out of ports.
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + index % 8)};
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  bind(fd, (void *)&address, sizeof address);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  connect(fd, (void *)&address, sizeof address);
  connections[index].fd = fd;
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u32 = index};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  opened++;
}

static void lose(struct connection *connection) {
  if (connection->state == OPEN) up--;
  connection->state = DEAD;
  dead++;
  close(connection->fd);
}

static void ask_for_upgrade(struct connection *connection, int index) {
  static const char request[] =
      "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  if (write(connection->fd, request, sizeof request - 1) < 0) return lose(connection);
  connection->state = HANDSHAKING;
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
  epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

static void count_marks(struct connection *connection, const char *bytes, ssize_t size) {
  const char *end = bytes + size, *bar = bytes;
  if (connection->half && *bytes == '~') delivered++;
  connection->half = end[-1] == '|';
  while ((bar = memchr(bar, '|', end - bar)) && ++bar < end) {
    if (*bar == '~') delivered++;
  }
}

static void handle(int index, unsigned events) {
  static char buffer[1 << 18];
  struct connection *connection = &connections[index];
  if (connection->state == CONNECTING) {
    if (events & (EPOLLERR | EPOLLHUP)) lose(connection);
    else ask_for_upgrade(connection, index);
    return;
  }
  ssize_t size = read(connection->fd, buffer, sizeof buffer - 1);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    lose(connection);
  } else if (connection->state == OPEN) {
    count_marks(connection, buffer, size);
  } else {
    buffer[size] = 0;
    if (memcmp(buffer, "HTTP/1.1 101", 12)) return lose(connection);
    connection->state = OPEN;
    up++;
  }
}

// Sleeps by the clock and then polls, instead of sleeping in epoll: waking a sleeping reader would cost the server, and
// one that spins would take from it what two threads of a processor's core share.
static void drain(void) {
  static struct epoll_event events[4096];
  usleep(PAUSE_US);
  int count = epoll_wait(epoll, events, 4096, 0);
  for (int i = 0; i < count; i++) handle(events[i].data.u32, events[i].events);
}

static void publish(int events) {
  static char text[1 << 16];
  int size = 0;
  for (int i = 0; i < events; i++) {
    size += snprintf(text + size, sizeof text - size,
                     "{\"id\":\"1234567890123456789\",\"channel_id\":\"1234567890123456788\","
                     "\"content\":\"|~%016llu hello, this is a chat message\","
                     "\"author\":{\"id\":\"1234567890123456787\",\"username\":\"bob\"}}\n",
                     now_us());
  }
  for (int done = 0; done < size;) {
    ssize_t written = write(control, text + done, size - done);
    if (written < 0) exit(3);
    done += written;
  }
  published += events;
}

// Publishes until the server has worked so long, then waits for the rest to arrive. False when nothing has arrived for
// too long.
static int run(int events, int under_way, double seconds) {
  u64 published_before = published, delivered_before = delivered;
  u64 last = delivered, last_progress = now_us(), last_check = 0;
  double until = server_cpu() + seconds;
  for (int done = 0;;) {
    u64 now = now_us();
    if (!done && now - last_check > CPU_CHECK_US) {
      done = server_cpu() >= until;
      last_check = now;
    }
    if (done && delivered - delivered_before >= (published - published_before) * sockets) return 1;
    while (!done && published - published_before - (delivered - delivered_before) / sockets + events <=
                        (u64)under_way * events) {
      publish(events);
    }
    drain();
    if (delivered != last) {
      last = delivered;
      last_progress = now_us();
    } else if (now_us() - last_progress > STALL_US) {
      return 0;
    }
  }
}

static void phase(const char *text) {
  int events = 1, under_way = 1;
  double seconds = 1;
  sscanf(text, "%d:%d:%lf", &events, &under_way, &seconds);
  dprintf(control, "!per %d\n", events);
  usleep(20000);
  int complete = run(events, under_way, seconds / 2);
  double cpu = server_cpu();
  u64 delivered_before = delivered, published_before = published, started = now_us();
  complete = complete && run(events, under_way, seconds);
  u64 deliveries = delivered - delivered_before, ended = now_us();
  usleep(30000);
  cpu = server_cpu() - cpu;
  complete = complete && dead == 0 && deliveries == (published - published_before) * sockets;
  printf("{\"events\":%d,\"sockets\":%d,\"deliveries\":%llu,\"cpu\":%.2f,\"wall\":%.3f,\"complete\":%s}\n", events,
         sockets, deliveries, cpu, (ended - started) / 1e6, complete ? "true" : "false");
  fflush(stdout);
}

int main(int count, char **arguments) {
  if (count != 6) return 2;
  port = atoi(arguments[1]);
  server_pid = arguments[3];
  sockets = atoi(arguments[4]);
  connections = calloc(sockets, sizeof *connections);
  epoll = epoll_create1(0);
  control = socket(AF_INET, SOCK_STREAM, 0);
  int one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[2]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(control, (void *)&address, sizeof address)) return 3;
  setsockopt(control, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  u64 started = now_us();
  while (up < sockets) {
    while (opened < sockets && opened - up - dead < CONNECT_AT_ONCE) start(opened);
    drain();
    if (dead > 0 || now_us() - started > CONNECT_US) {
      fprintf(stderr, "%d of %d sockets opened, %d were lost\n", up, sockets, dead);
      return 4;
    }
  }
  char *rest;
  for (char *text = strtok_r(arguments[5], ",", &rest); text; text = strtok_r(0, ",", &rest)) phase(text);
  return 0;
}
