/*
 * A back-end that costs next to nothing: one thread, epoll, answers 200 with the request's own body.
 *
 *   upstream PORT [BEHAVIOUR]
 *
 * BEHAVIOUR: "stall" never answers; "MS" answers after MS milliseconds (0 at once);
 * "MS,SHARE,SLOW_MS" makes that share of the answers take SLOW_MS instead, and "MS,SHARE,SLOW_MS,FAIL_SHARE" another
 * share of them a 500; "bears,COUNT,MS" bears COUNT at a time: with n at once an answer takes (n/COUNT)^2 times MS, if
 * that is more, and beyond twice COUNT some get a 503 at once.
 * For a while after each request it does not sleep, so that no proxy pays for waking it; with SCHED_FIFO it does, since
 * others on its core would never run.
 * GET /-/be/BEHAVIOUR changes it, GET /-/stats tells what was seen. Listens on loopback, ends with its parent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_BYTES = 8192, EVENTS = 512 };
static const double STALL = -1, AWAKE_MS = 5;

struct connection {
  int fd;
  uint32_t turn; /* a new one for each request, so that a timer for an old one is told apart */
  int length, body_at, body_length;
  int waiting, closing, status;
  char input[INPUT_BYTES];
};

struct timer {
  double due;
  struct connection *of;
  uint32_t turn;
};

static struct timer *timers;
static int timer_count, timer_room;
static double usual_ms, slow_ms, slow_share, fail_share;
static long opened, open_now, requests, repeats, aborted;
static int borne, at_once;
static uint64_t dice = 88172645463325252ull;
static int poller;

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static double roll(void) {
  dice ^= dice << 13;
  dice ^= dice >> 7;
  dice ^= dice << 17;
  return (dice >> 11) * (1.0 / 9007199254740992.0);
}

static void behave(const char *text) {
  usual_ms = slow_ms = slow_share = fail_share = borne = 0;
  if (sscanf(text, "bears,%d,%lf", &borne, &usual_ms) == 2) return;
  if (strncmp(text, "stall", 5) == 0) usual_ms = STALL;
  else sscanf(text, "%lf,%lf,%lf,%lf", &usual_ms, &slow_share, &slow_ms, &fail_share);
}

static void push_timer(double due, struct connection *of) {
  if (timer_count == timer_room) timers = realloc(timers, (timer_room = timer_room ? timer_room * 2 : 1024) * sizeof *timers);
  int at = timer_count++;
  for (; at > 0 && timers[(at - 1) / 2].due > due; at = (at - 1) / 2) timers[at] = timers[(at - 1) / 2];
  timers[at] = (struct timer){due, of, of->turn};
}

static struct timer pop_timer(void) {
  struct timer first = timers[0], last = timers[--timer_count];
  int at = 0;
  for (int child = 1; child < timer_count; child = 2 * at + 1) {
    if (child + 1 < timer_count && timers[child + 1].due < timers[child].due) child++;
    if (timers[child].due >= last.due) break;
    timers[at] = timers[child];
    at = child;
  }
  timers[at] = last;
  return first;
}

/* The connection itself is kept for reuse, never freed: a timer may still point at it. */
static struct connection *spare[65536];
static int spares;

static void drop(struct connection *c) {
  if (c->waiting) aborted++, at_once--;
  close(c->fd);
  c->turn++;
  c->waiting = c->length = c->closing = 0;
  open_now--;
  if (spares < 65536) spare[spares++] = c;
}

static void send_body(struct connection *c, const char *status, const char *body, int length) {
  char out[INPUT_BYTES + 256];
  int head = snprintf(out, 256, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", status, length);
  memcpy(out + head, body, length);
  if (write(c->fd, out, head + length) != head + length) c->closing = 1;
}

static void answer(struct connection *c) {
  at_once--;
  const char *status = c->status == 503 ? "503 Service Unavailable" : "200 OK";
  if (fail_share > 0 && roll() < fail_share) status = "500 Internal Server Error";
  send_body(c, status, c->input + c->body_at, c->body_length);
  int used = c->body_at + c->body_length;
  memmove(c->input, c->input + used, c->length - used);
  c->length -= used;
  c->waiting = 0;
  c->turn++;
  if (c->closing) drop(c);
}

static int control(struct connection *c) {
  char text[256];
  if (strncmp(c->input, "GET /-/", 7) != 0) return 0;
  if (strncmp(c->input + 7, "be/", 3) == 0) behave(c->input + 10);
  int n = snprintf(text, sizeof text, "{\"opened\":%ld,\"open\":%ld,\"requests\":%ld,\"repeats\":%ld,\"aborted\":%ld}", opened,
                   open_now, requests, repeats, aborted);
  send_body(c, "200 OK", text, n);
  drop(c);
  return 1;
}

/* How long the answer takes, with a tenth more or less; a 503 comes at once. */
static double strain(struct connection *c) {
  double load = (double)at_once / borne;
  c->status = load > 2 && roll() > 2 / load ? 503 : 200;
  return c->status == 503 ? 0 : usual_ms * (load > 1 ? load * load : 1) * (0.9 + 0.2 * roll());
}

/* 0 while there is no whole request, 1 when it was taken in hand, -1 when the connection has gone. */
static int take(struct connection *c) {
  c->input[c->length] = 0;
  char *end = strstr(c->input, "\r\n\r\n");
  if (!end) return 0;
  if (control(c)) return -1;
  *end = 0;
  char *field = strcasestr(c->input, "\r\nContent-Length:");
  c->closing = strcasestr(c->input, "\r\nConnection: close") != NULL;
  char *attempt = strcasestr(c->input, "\r\nBreakwater-Attempt:");
  *end = '\r';
  c->body_at = end + 4 - c->input;
  c->body_length = field ? atoi(field + 17) : 0;
  if (c->length < c->body_at + c->body_length) return 0;
  requests++;
  if (attempt && atoi(attempt + 21) > 1) repeats++;
  c->waiting = 1;
  c->status = 200;
  at_once++;
  double ms = borne ? strain(c) : slow_share > 0 && roll() < slow_share ? slow_ms : usual_ms;
  if (ms == 0) answer(c);
  else if (ms > 0) push_timer(now_ms() + ms, c);
  return c->fd >= 0 && !c->waiting ? 1 : 0;
}

static void receive(struct connection *c) {
  long n = read(c->fd, c->input + c->length, INPUT_BYTES - 1 - c->length);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return drop(c);
  c->length += n;
  if (!c->waiting)
    while (c->length > 0 && take(c) == 1) {}
}

static void greet(int listener) {
  int fd, yes = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    struct connection *c = spares > 0 ? spare[--spares] : calloc(1, sizeof *c);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->fd = fd;
    opened++;
    open_now++;
    struct epoll_event e = {EPOLLIN, {.ptr = c}};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
  }
}

static int bind_loopback(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(fd, (struct sockaddr *)&to, sizeof to) != 0 || listen(fd, 16384) != 0) {
    fprintf(stderr, "upstream: cannot listen on port %d: %s\n", port, strerror(errno));
    exit(1);
  }
  return fd;
}

static void answer_due(void) {
  for (double at = now_ms(); timer_count > 0 && timers[0].due <= at;) {
    struct timer t = pop_timer();
    if (t.of->turn == t.turn && t.of->waiting) answer(t.of);
  }
}

int main(int count, char **words) {
  struct rlimit files;
  struct epoll_event events[EVENTS];
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  behave(count > 2 ? words[2] : "0");
  poller = epoll_create1(0);
  int listener = bind_loopback(atoi(words[1]));
  struct epoll_event e = {EPOLLIN, {.ptr = NULL}};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e);
  double awake_ms = sched_getscheduler(0) == SCHED_FIFO ? 0 : AWAKE_MS;
  for (double awake_until = 0;;) {
    double at = now_ms(), left = timer_count > 0 ? timers[0].due - at : -1;
    int n = epoll_wait(poller, events, EVENTS, at < awake_until ? 0 : timer_count == 0 ? -1 : left <= 0 ? 0 : (int)(left + 0.999));
    if (n > 0) awake_until = now_ms() + awake_ms;
    else sched_yield();
    for (int i = 0; i < n; i++)
      if (events[i].data.ptr) receive(events[i].data.ptr);
      else greet(listener);
    answer_due();
  }
}
