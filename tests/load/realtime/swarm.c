/* Thousands of screens in one thread, and the producer of what they see: cheap enough never to be what is measured.
 *
 * swarm PORT FEED_PORT SPEAKS SCREENS ROOMS RATE SECONDS BYTES ROOM_FORMAT TOKEN [OTHER_PORT OTHER_FEED_PORT]
 * SPEAKS: sio (Socket.IO), sioz (that, and takes compressed frames, which it counts without reading them), cf (Centrifuge's JSON protocol), raw (WebSocket alone; the path names the room).
 * Connects all, prints "ready SECONDS", waits for a line on standard input, sends RATE events a second to FEED_PORT as
 * "room\t{json}\n" and counts the messages that come back, until SECONDS have passed; prints one line of JSON.
 * With RATE 0, it only stays connected and answers pings. With an OTHER server, which is sent the same events, screens
 * that are cut off go there after half a second to one and a half, as Socket.IO's client does, at the position that they
 * were given, and come again when they are told to (503, Retry-After).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTING, HANDSHAKING, GREETING, ENTERING, IN };
enum { SIO, CF, RAW };
enum { BUCKETS = 100000, IN_FLIGHT = 64 }; /* of 0.1 ms */

typedef struct {
  int fd, state, have, room;
  char *rest, position[48];
  double again;
} Screen;

static Screen *screens;
static int deflate, count, rooms, speaks, epfd, port, other, started, inside, lost, waiting, refused;
static double lost_at, back_at;
static const char *room_format, *token;
static uint64_t deliveries, bytes, buckets[BUCKETS];
static char shared[1 << 20];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void must(int ok, const char *what) {
  if (!ok) {
    perror(what);
    exit(1);
  }
}

static int dial(int to, int waiting) {
  int fd = socket(AF_INET, SOCK_STREAM | (waiting ? 0 : SOCK_NONBLOCK), 0), one = 1;
  must(fd >= 0, "socket");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(to), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int done = connect(fd, (struct sockaddr *)&address, sizeof address);
  must(done == 0 || errno == EINPROGRESS, "connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

static void say(Screen *s, const char *text) {
  char frame[8192] = {(char)0x81};
  size_t size = strlen(text), head = 2;
  if (size < 126) frame[1] = (char)(0x80 | size);
  else frame[1] = (char)(0x80 | 126), frame[2] = (char)(size >> 8), frame[3] = (char)size, head = 4;
  memcpy(frame + head + 4, text, size); /* masked with zeros */
  must(write(s->fd, frame, head + 4 + size) == (ssize_t)(head + 4 + size), "write");
}

static void open_screen(Screen *s) {
  s->fd = dial(port, 0), s->state = CONNECTING, s->have = 0, s->again = 0;
  struct epoll_event e = {.events = EPOLLOUT, .data.ptr = s};
  must(epoll_ctl(epfd, EPOLL_CTL_ADD, s->fd, &e) == 0, "epoll_ctl");
}

static void open_next(void) {
  if (started == count) return;
  Screen *s = &screens[started];
  s->room = started++ % rooms;
  open_screen(s);
}

static void come_again(Screen *s, double in) {
  close(s->fd);
  s->fd = -1, s->again = now() + in + rand() / (double)RAND_MAX, waiting++;
}

static void open_those_that_waited(void) {
  double at = now();
  for (Screen *s = screens; waiting && s < screens + count; s++)
    if (s->again && s->again <= at) waiting--, open_screen(s);
}

static void handshake(Screen *s) {
  char room[128], path[256], request[1024];
  snprintf(room, sizeof room, room_format, s->room);
  if (speaks == SIO) strcpy(path, "/socket.io/?EIO=4&transport=websocket");
  else if (speaks == CF) strcpy(path, "/connection/websocket");
  else snprintf(path, sizeof path, "/%s", room);
  int size = snprintf(request, sizeof request,
                      "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                      path, port, deflate ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "");
  must(write(s->fd, request, size) == size, "write");
  s->state = HANDSHAKING;
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};
  must(epoll_ctl(epfd, EPOLL_CTL_MOD, s->fd, &e) == 0, "epoll_ctl");
}

static void enter(Screen *s) {
  s->state = IN;
  if (++inside == count) back_at = now();
  open_next();
}

static void count_one(const char *data, size_t size) {
  deliveries++;
  bytes += size;
  const char *at = memmem(data, size, "\"t\":", 4);
  if (!at) return;
  double late = (now() * 1e9 - strtod(at + 4, NULL)) / 1e5;
  buckets[late < 0 ? 0 : late >= BUCKETS ? BUCKETS - 1 : (int)late]++;
}

static void take(Screen *s, const char *data, size_t size) {
  char text[8192], room[128];
  snprintf(room, sizeof room, room_format, s->room);
  if (speaks == RAW) {
    count_one(data, size);
  } else if (speaks == SIO) {
    if (size == 1 && *data == '2') say(s, "3");
    else if (*data == '0') snprintf(text, sizeof text, "40{\"token\":\"%s\"}", token), say(s, text);
    else if (size > 2 && !memcmp(data, "40", 2)) {
      snprintf(text, sizeof text, "420[\"subscribe\",{\"room\":\"%s\"%s}]", room, s->position);
      say(s, text), s->state = ENTERING;
    } else if (size > 2 && !memcmp(data, "43", 2) && !memmem(data, size, "error", 5)) {
      const char *at = memmem(data, size, "\"position\":\"", 12), *end = at ? memchr(at + 12, '"', 20) : NULL;
      if (other && end) snprintf(s->position, sizeof s->position, ",%.*s", (int)(end + 1 - at), at);
      enter(s);
    }
    else if (size > 2 && !memcmp(data, "42[\"batch", 9)) count_one(data, size);
    else fprintf(stderr, "unexpected: %.*s\n", (int)(size < 300 ? size : 300), data), exit(1);
  } else if (size == 2) {
    say(s, "{}");
  } else if (s->state == GREETING) {
    snprintf(text, sizeof text, "{\"id\":2,\"subscribe\":{\"channel\":\"%s\"}}", room);
    say(s, text), s->state = ENTERING;
  } else if (s->state == ENTERING) {
    enter(s);
  } else {
    for (const char *line = data, *end = data + size; line < end;) { /* it puts several replies into one frame */
      const char *next = memchr(line, '\n', end - line);
      if (!next) next = end;
      if (next - line > 2) count_one(line, next - line);
      else if (next - line == 2) say(s, "{}");
      line = next + 1;
    }
  }
}

static size_t frame_size(const unsigned char *at, size_t have, size_t *head) {
  if (have < 2) return 0;
  uint64_t size = at[1] & 0x7f;
  *head = size == 126 ? 4 : size == 127 ? 10 : 2;
  if (have < *head) return 0;
  if (size == 126) size = at[2] << 8 | at[3];
  if (size == 127)
    for (int i = size = 0; i < 8; i++) size = size << 8 | at[2 + i];
  return have < *head + size ? 0 : *head + size;
}

static void drop(Screen *s) {
  lost++;
  if (!other) {
    close(s->fd), s->fd = -1;
    return;
  }
  if (s->state == IN) inside--;
  if (port != other) port = other, lost_at = now();
  come_again(s, 0.5);
}

static void hear(Screen *s) {
  memcpy(shared, s->rest, s->have);
  ssize_t got = recv(s->fd, shared + s->have, sizeof shared - s->have, 0);
  if (got <= 0) {
    if (got == 0 || errno != EAGAIN) drop(s);
    return;
  }
  char *at = shared, *end = shared + s->have + got;
  if (s->state == HANDSHAKING) {
    char *body = memmem(at, end - at, "\r\n\r\n", 4);
    if (body) {
      char *wait = memmem(at, end - at, "retry-after: ", 13);
      if (wait) {
        refused++, come_again(s, atof(wait + 13));
        return;
      }
      if (memcmp(at, "HTTP/1.1 101", 12)) fprintf(stderr, "refused: %.60s\n", at), exit(1);
      at = body + 4, s->state = GREETING;
      if (speaks == RAW) enter(s);
      if (speaks == CF) say(s, "{\"id\":1,\"connect\":{}}");
    }
  }
  size_t size, head;
  while (s->state >= GREETING && (size = frame_size((unsigned char *)at, end - at, &head))) {
    if ((*at & 0x0f) == 9) { /* a ping */
      char pong[] = {(char)0x8a, (char)0x80, 0, 0, 0, 0};
      must(write(s->fd, pong, sizeof pong) == sizeof pong, "write");
    } else if ((*at & 0x0f) == 8) {
      drop(s);
      return;
    } else if (*at & 0x40) {
      deliveries++, bytes += size - head;
    } else {
      take(s, at + head, size - head);
    }
    at += size;
  }
  if (s->have != end - at) s->rest = realloc(s->rest, end - at ? end - at : 1);
  memcpy(s->rest, at, s->have = end - at);
}

static void work(int milliseconds) {
  struct epoll_event events[512];
  int found = epoll_wait(epfd, events, 512, milliseconds);
  for (int i = 0; i < found; i++) {
    Screen *s = events[i].data.ptr;
    if (s->fd < 0) continue;
    if (s->state == CONNECTING) handshake(s);
    else hear(s);
  }
}

static double percentile(double share) {
  uint64_t all = 0, seen = 0;
  for (int i = 0; i < BUCKETS; i++) all += buckets[i];
  for (int i = 0; i < BUCKETS; i++)
    if ((seen += buckets[i]) > share * all) return i / 10.0;
  return 0;
}

int main(int argc, char **argv) {
  must(argc == 11 || argc == 13, "arguments");
  port = atoi(argv[1]);
  deflate = !strcmp(argv[3], "sioz");
  speaks = !strncmp(argv[3], "sio", 3) ? SIO : !strcmp(argv[3], "cf") ? CF : RAW;
  count = atoi(argv[4]), rooms = atoi(argv[5]);
  double rate = atof(argv[6]), seconds = atof(argv[7]);
  int size = atoi(argv[8]);
  room_format = argv[9], token = argv[10];
  other = argc == 13 ? atoi(argv[11]) : 0;
  screens = calloc(count, sizeof *screens);
  epfd = epoll_create1(0);
  double began = now();
  signal(SIGPIPE, SIG_IGN);
  for (int i = 0; i < IN_FLIGHT; i++) open_next();
  while (inside < count && !lost) open_those_that_waited(), work(20);
  must(!lost, "a connection was lost");
  printf("ready %.3f\n", now() - began), fflush(stdout);
  struct pollfd asked = {.fd = 0, .events = POLLIN};
  while (poll(&asked, 1, 0) == 0) work(20);

  int feed = rate ? dial(atoi(argv[2]), 1) : -1, second = rate && other ? dial(atoi(argv[12]), 1) : -1;
  char *pad = malloc(size + 1), line[4096], room[128];
  memset(pad, 'x', size), pad[size] = 0;
  unsigned random = 1;
  uint64_t sent = 0;
  deliveries = bytes = 0, began = now();
  double at;
  while ((at = now() - began) < seconds) {
    while (sent < at * rate) {
      random = random * 1103515245 + 12345;
      snprintf(room, sizeof room, room_format, (random >> 8) % rooms);
      int length = snprintf(line, sizeof line, "%s\t{\"t\":%.0f,\"id\":\"%llu\",\"pad\":\"%s\"}\n", room, now() * 1e9,
                            (unsigned long long)sent, pad);
      if (write(feed, line, length) != length && !other) must(0, "feed");
      if (other) must(write(second, line, length) == length, "the other feed");
      sent++;
    }
    if (waiting) open_those_that_waited();
    work(1);
  }
  for (double until = now() + 0.3; now() < until;) work(20);
  printf("{\"sent\":%llu,\"deliveries\":%llu,\"bytes\":%llu,\"seconds\":%.3f,\"p50\":%.1f,\"p99\":%.1f,\"lost\":%d,"
         "\"refused\":%d,\"back\":%.3f}\n",
         (unsigned long long)sent, (unsigned long long)deliveries, (unsigned long long)bytes, seconds, percentile(0.5),
         percentile(0.99), lost, refused, inside == count ? back_at - lost_at : -1);
  return 0;
}
