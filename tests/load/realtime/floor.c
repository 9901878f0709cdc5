/* The kernel's own price: one thread, epoll, and one send(2) a member of a frame that is made once a room and window.
 *
 * floor PORT FEED_PORT WINDOW_MS
 * It does the least that makes a WebSocket for the swarm, whose key is always RFC 6455's sample, and so is the answer.
 * Members are told nothing but batches; what does not fit into a socket's buffer ends the run, for it would be no floor.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOMS = 4096, HEAD = 10, BATCH = 1 << 20 };

typedef struct {
  int members, *fds;
  size_t size;
  char *batch; /* from HEAD on: the frame's head goes before it */
  double due;
} Room;

static Room rooms[ROOMS];
static int waiting[ROOMS], first, last, feed = -1; /* rooms whose window runs; all windows are equal: in order of due */
static double window;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void must(int ok, const char *what) {
  if (!ok) perror(what), exit(1);
}

static int listening(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  must(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 2048) == 0, "listen");
  return fd;
}

static void take(const char *line, size_t size) {
  Room *r = &rooms[atoi(line + 1) % ROOMS];
  const char *event = memchr(line, '\t', size);
  if (!event || !r->members) return;
  size -= ++event - line;
  if (!r->size) {
    static const char opening[] = "42[\"batchOrderUpdates\",[";
    if (!r->batch) r->batch = malloc(BATCH);
    memcpy(r->batch + HEAD, opening, r->size = sizeof opening - 1);
    r->due = now() + window, waiting[last++ % ROOMS] = r - rooms;
  } else r->batch[HEAD + r->size++] = ',';
  must(HEAD + r->size + size + 2 < BATCH, "a batch is too large");
  memcpy(r->batch + HEAD + r->size, event, size), r->size += size;
}

static void flush(Room *r) {
  memcpy(r->batch + HEAD + r->size, "]]", 2), r->size += 2;
  unsigned char *head = (unsigned char *)r->batch + HEAD;
  if (r->size < 65536) *--head = r->size, *--head = r->size >> 8, *--head = 126;
  else {
    for (int i = 0; i < 8; i++) *--head = r->size >> 8 * i;
    *--head = 127;
  }
  *--head = 0x81;
  ssize_t all = r->batch + HEAD + r->size - (char *)head;
  for (int i = 0; i < r->members; i++) must(send(r->fds[i], head, all, MSG_NOSIGNAL) == all, "send");
  r->size = 0;
}

static void hear(int fd) {
  static char rest[1 << 20];
  static size_t have;
  char small[4096], *data = fd == feed ? rest : small;
  size_t held = fd == feed ? have : 0;
  ssize_t got = recv(fd, data + held, (fd == feed ? sizeof rest : sizeof small - 1) - held, 0);
  if (got <= 0) {
    close(fd); /* a member that leaves ends the run at its next batch */
    if (fd == feed) feed = -1;
    return;
  }
  if (fd == feed) {
    char *at = rest, *end = rest + have + got, *stop;
    for (; (stop = memchr(at, '\n', end - at)); at = stop + 1) take(at, stop - at);
    memmove(rest, at, have = end - at);
    return;
  }
  small[got] = 0;
  static const char ready[] = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
  static const char opened[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  if (strncmp(small, "GET /r", 6)) return;
  if (small[6] == 'e') {
    must(write(fd, ready, sizeof ready - 1) > 0, "write"), close(fd);
    return;
  }
  Room *r = &rooms[atoi(small + 6) % ROOMS];
  r->fds = realloc(r->fds, (r->members + 1) * sizeof *r->fds), r->fds[r->members++] = fd;
  must(write(fd, opened, sizeof opened - 1) > 0, "write");
}

int main(int argc, char **argv) {
  must(argc == 4, "arguments");
  int screens = listening(atoi(argv[1])), feeds = listening(atoi(argv[2])), epfd = epoll_create1(0), one = 1;
  window = atof(argv[3]) / 1e3;
  for (int i = 0; i < 2; i++) {
    struct epoll_event e = {.events = EPOLLIN, .data.fd = i ? feeds : screens};
    epoll_ctl(epfd, EPOLL_CTL_ADD, e.data.fd, &e);
  }
  for (struct epoll_event found[512];;) {
    double until = first == last ? 1 : rooms[waiting[first % ROOMS]].due - now();
    int count = epoll_wait(epfd, found, 512, until < 0 ? 0 : (int)(until * 1e3 + 0.999));
    for (int i = 0; i < count; i++) {
      int fd = found[i].data.fd;
      if (fd != screens && fd != feeds) {
        hear(fd);
        continue;
      }
      struct epoll_event e = {.events = EPOLLIN, .data.fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK)};
      setsockopt(e.data.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      epoll_ctl(epfd, EPOLL_CTL_ADD, e.data.fd, &e);
      if (fd == feeds) feed = e.data.fd;
    }
    while (first != last && rooms[waiting[first % ROOMS]].due <= now()) flush(&rooms[waiting[first++ % ROOMS]]);
  }
}
