// What the kernel alone takes for the work of a relay: no WebSocket, no JSON, no limits; bytes that come in on one socket go out
// on another. What a server takes beyond that is its own.
//
//   cc -O2 -o bare loadtest/peers/bare.c
//   ./bare relay 100 16 1070      pairs, frames under way per pair, bytes of a frame
//   ./bare fanout 1000 1 1100     members, frames written to each at a time, bytes of a frame
//
// The server runs on CPU 0, its clients (a process of their own) on CPU 1, for three seconds.

#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS = 3, BUFFER = 1 << 18 };

static char buffer[BUFFER];

static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static double used(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void watch(int epoll, int socket, int number) {
  int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
  epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
}

// Answers each frame with one (relay), or counts and says when all have everything (fanout).
static void clients(struct sockaddr_in *address, int count, int window, int frame, int told) {
  int epoll = epoll_create1(0), *sockets = calloc(count, sizeof(int)), *have = calloc(count, sizeof(int));
  long heard = 0, all = (long)count * window * frame;
  for (int i = 0; i < count; i++) {
    sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
    connect(sockets[i], (void *)address, sizeof *address);
    watch(epoll, sockets[i], i);
  }
  for (int i = 0; told < 0 && i < count; i += 2) write(sockets[i], buffer, (long)window * frame);
  for (struct epoll_event events[256];;) {
    int ready = epoll_wait(epoll, events, 256, -1);
    for (int e = 0; e < ready; e++) {
      int i = events[e].data.u32, got = read(sockets[i], buffer, BUFFER);
      if (got <= 0) exit(0);
      heard += got, have[i] += got;
      int frames = have[i] / frame;
      have[i] %= frame;
      if (told < 0 && frames > 0) write(sockets[i], buffer, (long)frames * frame);
    }
    for (; told >= 0 && heard >= all; heard -= all) write(told, "", 1);
  }
}

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "usage: bare relay|fanout COUNT UNDER_WAY BYTES\n"), 2;
  int relays = strcmp(argv[1], "relay") == 0, count = atoi(argv[2]) * (relays ? 2 : 1);
  int window = atoi(argv[3]), frame = atoi(argv[4]), done[2];
  if (count < 1 || window < 1 || frame < 1 || (long)window * frame > BUFFER) return fprintf(stderr, "too much or too little\n"), 2;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0), *sockets = calloc(count, sizeof(int));
  if (pipe(done) || bind(listener, (void *)&address, size) || getsockname(listener, (void *)&address, &size) || listen(listener, 4096))
    return perror("bare"), 1;
  pid_t child = fork();
  if (child == 0) pin(1), clients(&address, count, window, frame, relays ? -1 : done[1]);
  pin(0);
  for (int i = 0; i < count; i++) watch(epoll, sockets[i] = accept(listener, NULL, NULL), i);
  double begun = now(), cpu = used(), frames = 0;
  while (now() - begun < SECONDS) {
    if (relays) {
      struct epoll_event events[256];
      int ready = epoll_wait(epoll, events, 256, -1);
      for (int e = 0; e < ready; e++) {
        int i = events[e].data.u32, got = recv(sockets[i], buffer, BUFFER, MSG_DONTWAIT);
        if (got > 0) frames += (double)got / frame, write(sockets[i ^ 1], buffer, got);
      }
    } else {
      for (int i = 0; i < count; i++) write(sockets[i], buffer, (long)window * frame);
      frames += (double)count * window;
      if (read(done[0], buffer, 1) != 1) return perror("bare"), 1;
    }
  }
  printf("%.3f CPU s per million frames, %.0f frames/s\n", (used() - cpu) / frames * 1e6, frames / (now() - begun));
  kill(child, SIGKILL);
}
