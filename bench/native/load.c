/*
 * A client on one thread that never is the bottleneck. Sends prepared requests in turn, over and over, and tells in
 * JSON what came back and how long it took.
 *
 *   load closed PORT FILES CONNECTIONS SECONDS REQUESTS   each connection asks again at once; ends with whichever is first
 *   load open   PORT FILES CONNECTIONS SECONDS RATE       RATE requests a second at random (Poisson) moments
 *   load burst  PORT FILES COUNT SECONDS                  COUNT connections, one request each at once, then SECONDS to wait
 *
 * FILES are paths with a comma between two, each of a file with the bytes of one request. "@@@@@@@@" in it becomes the
 * number of the round, one for all requests of a round, and "####" one of 1000 users.
 * A time counts from when the request was due, so a slow server does not slow down what it is measured with. The client
 * never sleeps: waking it would cost the server several microseconds on a virtual machine, the more often the slower it is.
 * With SCHED_FIFO it does, since others on its core would never run.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
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
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_BYTES = 16384, EVENTS = 512, SLOTS = 8, USERS = 1000, REQUESTS = 16, SLEEP_MS = 100 };

struct connection {
  int fd, length, busy;
  double due;
  char input[INPUT_BYTES];
};

struct request {
  char bytes[INPUT_BYTES];
  int length, number_at[SLOTS], numbers, user_at[SLOTS], users;
};

static struct request requests[REQUESTS];
static int request_count;
static long serial;
static struct connection *all, **idle;
static int connections, idle_count, poller, port, sleeps;
static float *times;
static long answered, room, errors, by_class[6];
static double *backlog; /* planned moments that found no idle connection */
static long backlog_at, backlog_end, backlog_room;

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void die(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void read_request(const char *file) {
  if (request_count == REQUESTS) errno = E2BIG, die(file);
  struct request *r = &requests[request_count++];
  FILE *f = fopen(file, "r");
  if (!f) die(file);
  r->length = fread(r->bytes, 1, INPUT_BYTES - 1, f);
  fclose(f);
  for (char *p = r->bytes; r->numbers < SLOTS && (p = strstr(p, "@@@@@@@@")); p++) r->number_at[r->numbers++] = p - r->bytes;
  for (char *p = r->bytes; r->users < SLOTS && (p = strstr(p, "####")); p++) r->user_at[r->users++] = p - r->bytes;
}

static void print_digits(char *at, int width, long value) {
  for (int i = width - 1; i >= 0; i--, value /= 10) at[i] = '0' + value % 10;
}

static void open_connection(struct connection *c) {
  int yes = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0) die("cannot connect");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  c->length = 0;
  struct epoll_event e = {EPOLLIN, {.ptr = c}};
  epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e);
}

static void send_request(struct connection *c, double due) {
  struct request *r = &requests[serial % request_count];
  long round = serial++ / request_count;
  for (int i = 0; i < r->numbers; i++) print_digits(r->bytes + r->number_at[i], 8, round);
  for (int i = 0; i < r->users; i++) print_digits(r->bytes + r->user_at[i], 4, round % USERS);
  c->busy = 1;
  c->due = due;
  if (write(c->fd, r->bytes, r->length) != r->length) errors++;
}

/* Bytes of the whole answer if it is all there, 0 if not. */
static int whole_answer(struct connection *c) {
  c->input[c->length] = 0;
  char *end = strstr(c->input, "\r\n\r\n");
  if (!end) return 0;
  *end = 0;
  char *field = strcasestr(c->input, "\r\nContent-Length:");
  *end = '\r';
  int head = end + 4 - c->input;
  if (field) return c->length >= head + atoi(field + 17) ? head + atoi(field + 17) : 0;
  return c->length >= head + 5 && strcmp(c->input + c->length - 5, "0\r\n\r\n") == 0 ? c->length : 0;
}

static void note(struct connection *c) {
  int status = atoi(c->input + 9);
  if (answered == room) times = realloc(times, (room = room ? room * 2 : 65536) * sizeof *times);
  times[answered++] = now_ms() - c->due;
  by_class[status >= 200 && status < 600 ? status / 100 : 0]++;
}

/* True when an answer is complete; a connection that the server ended is opened anew. */
static int receive(struct connection *c) {
  long n = read(c->fd, c->input + c->length, INPUT_BYTES - 1 - c->length);
  if (n <= 0) {
    int lost = c->busy;
    close(c->fd);
    errors += lost;
    c->busy = 0;
    open_connection(c);
    return lost;
  }
  c->length += n;
  if (!whole_answer(c)) return 0;
  c->length = 0;
  if (!c->busy) return 0; /* an answer that nobody asked for: the server is about to close */
  note(c);
  c->busy = 0;
  return 1;
}

static int wait_events(struct epoll_event *events, double until) {
  int n;
  while ((n = epoll_wait(poller, events, EVENTS, sleeps ? SLEEP_MS : 0)) == 0 && now_ms() < until) sched_yield();
  return n;
}

static void run_closed(double until, long most) {
  struct epoll_event events[EVENTS];
  for (int i = 0; i < connections; i++) send_request(&all[i], now_ms());
  for (int busy = connections; busy > 0 && now_ms() < until + 8000;) {
    int n = wait_events(events, until + 8000);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (!receive(c)) continue;
      if (now_ms() < until && serial < most) send_request(c, now_ms());
      else busy--;
    }
  }
}

static void plan(double due) {
  if (backlog_end == backlog_room) backlog = realloc(backlog, (backlog_room = backlog_room ? backlog_room * 2 : 1024) * sizeof *backlog);
  backlog[backlog_end++] = due;
}

static void send_planned(void) {
  while (idle_count > 0 && backlog_at < backlog_end) send_request(idle[--idle_count], backlog[backlog_at++]);
}

static void set_alarm(int alarm, double at_ms) {
  double left = at_ms - now_ms();
  if (left < 0.001) left = 0.001;
  struct itimerspec when = {.it_value = {left / 1e3, (long)(fmod(left, 1e3) * 1e6)}};
  timerfd_settime(alarm, 0, &when, NULL);
}

static void run_open(double begin, double until, double rate) {
  struct epoll_event events[EVENTS], e = {EPOLLIN, {.ptr = NULL}};
  int alarm = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  uint64_t ticks;
  double next = begin;
  srand48(42);
  epoll_ctl(poller, EPOLL_CTL_ADD, alarm, &e);
  for (int i = 0; i < connections; i++) idle[idle_count++] = &all[i];
  while ((next < until || idle_count < connections) && now_ms() < until + 8000) {
    for (; next <= now_ms() && next < until; next += -log(1 - drand48()) * 1e3 / rate) plan(next);
    send_planned();
    if (next < until) set_alarm(alarm, next);
    int n = wait_events(events, until + 8000);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (!c) (void)!read(alarm, &ticks, sizeof ticks);
      else if (receive(c)) idle[idle_count++] = c;
    }
  }
}

static void run_burst(double until) {
  struct epoll_event events[EVENTS];
  for (int i = 0; i < connections; i++) send_request(&all[i], now_ms());
  for (int busy = connections; busy > 0 && now_ms() < until;) {
    int n = wait_events(events, until);
    for (int i = 0; i < n; i++) busy -= receive(events[i].data.ptr);
  }
}

static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static double quantile(double share) {
  return answered == 0 ? 0 : times[(long)fmin(answered - 1, ceil(share * answered) - (share > 0))];
}

static void report(double seconds) {
  qsort(times, answered, sizeof *times, by_size);
  printf("{\"sent\":%ld,\"answered\":%ld,\"ok\":%ld,\"errors\":%ld,\"seconds\":%.6f,", serial, answered, by_class[2], errors, seconds);
  printf("\"min\":%.3f,\"p50\":%.3f,\"p95\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f}\n", quantile(0), quantile(0.5), quantile(0.95),
         quantile(0.99), quantile(0.999), quantile(1));
}

int main(int count, char **words) {
  if (count < 6) return fprintf(stderr, "load: see the head of load.c for its words\n"), 2;
  struct rlimit files;
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  port = atoi(words[2]);
  sleeps = sched_getscheduler(0) == SCHED_FIFO;
  for (char *file = strtok(words[3], ","); file; file = strtok(NULL, ",")) read_request(file);
  connections = atoi(words[4]);
  all = calloc(connections, sizeof *all);
  idle = calloc(connections, sizeof *idle);
  poller = epoll_create1(0);
  for (int i = 0; i < connections; i++) open_connection(&all[i]);
  double begin = now_ms(), until = begin + atof(words[5]) * 1e3;
  if (strcmp(words[1], "closed") == 0) run_closed(until, count > 6 ? atol(words[6]) : 1L << 60);
  else if (strcmp(words[1], "open") == 0) run_open(begin, until, count > 6 ? atof(words[6]) : 500);
  else run_burst(until);
  report((now_ms() - begin) / 1e3);
  return 0;
}
