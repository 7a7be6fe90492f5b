/*
 * Preloaded into a process (LD_PRELOAD), records in the file DISK_TRACE what reaches the disk and when:
 *
 *   'w' a write to a file named data.mdb, which a power cut may lose until the next 's'
 *   'd' a write to it through a descriptor with O_DSYNC, on the disk when it returns
 *   's' a flush of it that succeeded
 *   'a' a write to a file named acknowledged
 *
 * as one byte of kind, 8 of offset, 4 of length (little-endian), and the bytes. With DISK_FAILS_AFTER=n every flush
 * after the first n fails with EIO. Whatever would escape the record ends the process.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static long flushes = 0;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int named(int fd, const char *name) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  const char *slash = strrchr(path, '/');
  return slash != NULL && strcmp(slash + 1, name) == 0;
}

static void put(const void *bytes, size_t length) {
  if (syscall(SYS_write, trace, bytes, length) != (long)length) abort();
}

static void begin(char kind, uint64_t offset, uint32_t length) {
  if (trace < 0) trace = (int)syscall(SYS_open, getenv("DISK_TRACE"), O_WRONLY | O_CREAT | O_APPEND, 0644);
  put(&kind, 1);
  put(&offset, 8);
  put(&length, 4);
}

static char kind_of(int fd) {
  return fcntl(fd, F_GETFL) & O_DSYNC ? 'd' : 'w';
}

/* A write that was not completed would have to be recorded in part. lmdb's are completed on every sound disk. */
static ssize_t whole(ssize_t written, size_t wanted) {
  if (written != (ssize_t)wanted) abort();
  return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  if (!named(fd, "data.mdb")) return REAL(pwrite64)(fd, bytes, length, offset);
  pthread_mutex_lock(&lock);
  ssize_t written = whole(REAL(pwrite64)(fd, bytes, length, offset), length);
  begin(kind_of(fd), (uint64_t)offset, (uint32_t)length);
  put(bytes, length);
  pthread_mutex_unlock(&lock);
  return written;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (!named(fd, "data.mdb")) return REAL(writev)(fd, parts, count);
  pthread_mutex_lock(&lock);
  off64_t offset = lseek64(fd, 0, SEEK_CUR);
  size_t length = 0;
  for (int i = 0; i < count; i++) length += parts[i].iov_len;
  ssize_t written = whole(REAL(writev)(fd, parts, count), length);
  begin(kind_of(fd), (uint64_t)offset, (uint32_t)length);
  for (int i = 0; i < count; i++) put(parts[i].iov_base, parts[i].iov_len);
  pthread_mutex_unlock(&lock);
  return written;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  if (named(fd, "data.mdb")) abort();
  if (!named(fd, "acknowledged")) return REAL(write)(fd, bytes, length);
  pthread_mutex_lock(&lock);
  begin('a', 0, (uint32_t)length);
  put(bytes, length);
  pthread_mutex_unlock(&lock);
  return (ssize_t)length;
}

static int flush(int fd, int (*real)(int)) {
  if (!named(fd, "data.mdb")) return real(fd);
  pthread_mutex_lock(&lock);
  const char *limit = getenv("DISK_FAILS_AFTER");
  int fails = limit != NULL && flushes >= atol(limit);
  flushes++;
  if (!fails && real(fd) != 0) abort();
  if (!fails) begin('s', 0, 0);
  pthread_mutex_unlock(&lock);
  if (fails) errno = EIO;
  return fails ? -1 : 0;
}

int fdatasync(int fd) { return flush(fd, REAL(fdatasync)); }
int fsync(int fd) { return flush(fd, REAL(fsync)); }

int ftruncate64(int fd, off64_t length) {
  if (named(fd, "data.mdb")) abort();
  return REAL(ftruncate64)(fd, length);
}
