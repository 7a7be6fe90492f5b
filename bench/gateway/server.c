// The yardstick of the gateway benchmark: a WebSocket server that does no more than the work itself asks for. Epoll,
// one sequence and one resume window (256 references) for each session, and one send for each session and burst.
//
//   cc -O2 -o server server.c
//
// Prints "READY <port> <control port>". On the control connection, a line is the JSON of an event's `d`, and
// "!per <n>" sets how many events make a burst at most.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WINDOW = 256, MAX_SESSIONS = 20000, QUEUE = 65536, MAX_BURST = 64 };
enum { LISTENER = 1, CONTROL_LISTENER = 2, CONTROL = 3, FIRST_SESSION = 16 };

struct session {
  int fd;
  unsigned sequence;
  char *window[WINDOW];
};

static struct session *sessions[MAX_SESSIONS];
static int session_count;
static char *queue[QUEUE];
static int queue_head, queue_tail;
static int per_burst = 1;
static int epoll;

static const char before_sequence[] = "{\"op\":0,\"s\":";
static const char after_sequence[] = ",\"t\":\"MESSAGE_CREATE\",\"d\":";

static int listen_on_loopback(int *port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(fd, (void *)&address, size) || listen(fd, 4096) || getsockname(fd, (void *)&address, &size)) exit(1);
  *port = ntohs(address.sin_port);
  return fd;
}

static void watch(int fd, int tag) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int write_digits(char *out, unsigned value) {
  char reversed[12];
  int count = 0;
  do {
    reversed[count++] = '0' + value % 10;
    value /= 10;
  } while (value);
  for (int i = 0; i < count; i++) out[i] = reversed[count - 1 - i];
  return count;
}

static char *append(char *out, const char *bytes, int size) {
  memcpy(out, bytes, size);
  return out + size;
}

// One event as one frame: WebSocket header, the event's head with the session's number, and `d` with the closing brace.
static char *append_frame(char *out, unsigned sequence, const char *d, int size) {
  char digits[12];
  int digit_count = write_digits(digits, sequence);
  int length = sizeof before_sequence - 1 + digit_count + sizeof after_sequence - 1 + size;
  *out++ = (char)0x81;
  *out++ = 126;
  *out++ = (char)(length >> 8);
  *out++ = (char)length;
  out = append(out, before_sequence, sizeof before_sequence - 1);
  out = append(out, digits, digit_count);
  out = append(out, after_sequence, sizeof after_sequence - 1);
  return append(out, d, size);
}

static void send_all(int fd, const char *bytes, int size) {
  while (size > 0) {
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return;
    bytes += sent;
    size -= sent;
  }
}

static void publish_burst(void) {
  static char out[1 << 20];
  char *events[MAX_BURST];
  int sizes[MAX_BURST];
  int count = queue_tail - queue_head;
  if (count > per_burst) count = per_burst;
  if (count > MAX_BURST) count = MAX_BURST;
  for (int i = 0; i < count; i++) {
    events[i] = queue[(queue_head + i) % QUEUE];
    sizes[i] = strlen(events[i]);
  }
  queue_head += count;
  for (int s = 0; s < session_count; s++) {
    struct session *session = sessions[s];
    char *end = out;
    for (int i = 0; i < count; i++) {
      session->window[++session->sequence % WINDOW] = events[i];
      end = append_frame(end, session->sequence, events[i], sizes[i]);
    }
    send_all(session->fd, out, end - out);
  }
}

static void control_line(const char *line, int size) {
  if (*line == '!') {
    per_burst = atoi(line + 5);
    return;
  }
  // The event keeps its closing brace, so that a frame is one copy. It is never freed: windows may refer to it.
  char *event = malloc(size + 2);
  memcpy(event, line, size);
  event[size] = '}';
  event[size + 1] = 0;
  queue[queue_tail++ % QUEUE] = event;
}

static void read_control(int fd) {
  static char text[1 << 20];
  static int length;
  ssize_t count = read(fd, text + length, sizeof text - 1 - length);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) exit(0);
  length += count;
  char *line = text, *end;
  while ((end = memchr(line, '\n', text + length - line))) {
    control_line(line, end - line);
    line = end + 1;
  }
  length -= line - text;
  memmove(text, line, length);
}

static void accept_socket(int listener) {
  int one = 1, fd = accept4(listener, 0, 0, SOCK_NONBLOCK);
  if (fd < 0) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  watch(fd, FIRST_SESSION + fd);
}

static void read_session(int fd) {
  static const char reply[] =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
  char request[2048];
  ssize_t count = read(fd, request, sizeof request);
  if (count <= 0) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, 0);
    return;
  }
  if (count < 4 || memcmp(request, "GET ", 4) || session_count == MAX_SESSIONS) return;
  struct session *session = calloc(1, sizeof *session);
  session->fd = fd;
  sessions[session_count++] = session;
  fcntl(fd, F_SETFL, 0);
  send_all(fd, reply, sizeof reply - 1);
}

int main(void) {
  int port, control_port, control = -1;
  int listener = listen_on_loopback(&port), control_listener = listen_on_loopback(&control_port);
  epoll = epoll_create1(0);
  watch(listener, LISTENER);
  watch(control_listener, CONTROL_LISTENER);
  printf("READY %d %d\n", port, control_port);
  fflush(stdout);
  for (;;) {
    struct epoll_event events[512];
    int count = epoll_wait(epoll, events, 512, queue_head != queue_tail ? 0 : 1000);
    for (int i = 0; i < count; i++) {
      int tag = events[i].data.u64;
      if (tag == LISTENER) accept_socket(listener);
      else if (tag == CONTROL_LISTENER) watch(control = accept4(control_listener, 0, 0, SOCK_NONBLOCK), CONTROL);
      else if (tag == CONTROL) read_control(control);
      else read_session(tag - FIRST_SESSION);
    }
    if (queue_head != queue_tail) publish_burst();
  }
}
