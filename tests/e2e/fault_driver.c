/* fault_driver REPORT LIMIT ROLE NTH -- COMMAND ARGS…: runs a command and makes the NTH system call of one kind of its
 * processes fail. Without changing the program: ptrace(2) turns the call into getpid and its answer into an error.
 *
 *   ROLE  osh       the process started here, until its end
 *         helper    children of osh, until they execute something (the janitor to its end)
 *         netproxy  what executed osh-netproxy     init  what executed osh-init
 *         agent     children of init, until they execute the agent
 *         watch     what covers hidden files, the first sibling that the agent makes
 *         broker    what carries out its calls, the second
 *   NTH   from 1; 0 counts only
 *
 * Afterwards it waits until every process that the command started is gone, LIMIT seconds at most. On descriptor
 * REPORT: one line "calls=N injected=CALL errno=E status=S left=N". Exit status 0 when it could do its work.
 * x86-64 only. It is no sandbox and no debugger.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum role { UNKNOWN, OSH, HELPER, NETPROXY, INIT, AGENT, WATCH, BROKER, NOBODY };
static char const* const names[] = {"?", "osh", "helper", "netproxy", "init", "agent", "watch", "broker", "-"};

enum { MOST = 256, OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE
                             | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL };

struct process {
    pid_t pid;
    enum role role;
    int waits;   /* stopped before its parent's event told what it is */
    int answer;  /* the error to put in at the end of the call */
    unsigned long long first; /* argument of a changed brk */
    int siblings; /* made so far */
    int loads;   /* the dynamic linker works: its failures are not ours */
};

static struct process table[MOST];
static enum role wanted;
static long nth, calls;
static long injected = -1, injected_first;
static int injected_errno;
static enum role injected_role;
static int report;

static struct process* find(pid_t pid)
{
    struct process* empty = NULL;
    for (int i = 0; i < MOST; ++i) {
        if (table[i].pid == pid)
            return &table[i];
        if (table[i].pid == 0 && empty == NULL)
            empty = &table[i];
    }
    if (empty == NULL)
        exit(3);
    memset(empty, 0, sizeof *empty);
    empty->pid = pid;
    return empty;
}

/* Calls whose failure Linux does not know, or which end the process. */
static int may_fail(long number)
{
    switch (number) {
    case SYS_exit: case SYS_exit_group: case SYS_rt_sigreturn: case SYS_restart_syscall: case SYS_close:
    case SYS_munmap: case SYS_getpid: case SYS_getppid: case SYS_gettid: case SYS_getuid: case SYS_geteuid:
    case SYS_getgid: case SYS_getegid: case SYS_set_tid_address: case SYS_umask: case SYS_arch_prctl: case SYS_alarm:
    case SYS_getrandom: case SYS_wait4: case SYS_futex: /* no failure that is not a bug of the caller */
    case SYS_set_robust_list: case SYS_rseq: case SYS_getpgrp: return 0;
    default: return 1;
    }
}

static int error_of(long number)
{
    switch (number) {
    case SYS_mmap: case SYS_brk: case SYS_mprotect: case SYS_mremap: case SYS_execve: case SYS_execveat: return ENOMEM;
    case SYS_clone: case SYS_clone3: case SYS_fork: case SYS_vfork: return EAGAIN;
    case SYS_open: case SYS_openat: case SYS_openat2: case SYS_socket: case SYS_socketpair: case SYS_pipe2:
    case SYS_epoll_create1: case SYS_dup: case SYS_dup2: case SYS_dup3: case SYS_fcntl: case SYS_memfd_create:
    case SYS_timerfd_create: case SYS_eventfd2: case SYS_signalfd4: case SYS_pidfd_open: case SYS_accept4:
    case SYS_fsopen: case SYS_fsmount: case SYS_open_tree: return EMFILE;
    case SYS_write: case SYS_writev: case SYS_pwrite64: case SYS_mkdir: case SYS_mkdirat: case SYS_symlinkat:
    case SYS_ftruncate: case SYS_rename: case SYS_renameat: case SYS_renameat2: case SYS_epoll_ctl: return ENOSPC;
    case SYS_sendmsg: case SYS_sendto: return ENOBUFS;
    case SYS_recvmsg: case SYS_recvfrom: case SYS_poll: case SYS_ppoll: case SYS_landlock_create_ruleset:
    case SYS_landlock_add_rule: case SYS_landlock_restrict_self: case SYS_seccomp: return ENOMEM;
    case SYS_read: case SYS_pread64: case SYS_getdents64: case SYS_lseek: return EIO;
    default: return EPERM;
    }
}

static void go_on(struct process* process, int signal)
{
    int const counts = process->role == wanted && (nth == 0 || injected < 0 || process->answer != 0);
    ptrace(counts ? PTRACE_SYSCALL : PTRACE_CONT, process->pid, 0, signal);
}

static void at_call(struct process* process)
{
    struct user_regs_struct registers;
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof info, &info) <= 0
        || ptrace(PTRACE_GETREGS, process->pid, 0, &registers) != 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && process->answer != 0) {
        if (registers.orig_rax == SYS_brk)
            registers.rdi = process->first;
        else
            registers.rax = (unsigned long long)-(long long)process->answer;
        ptrace(PTRACE_SETREGS, process->pid, 0, &registers);
        process->answer = 0;
        return;
    }
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY || process->role != wanted || !may_fail((long)info.entry.nr))
        return;
    process->loads = process->loads && info.entry.nr != SYS_prlimit64; /* its last but one */
    if (process->loads)
        return;
    ++calls;
    if (nth == 0 || calls != nth)
        return;
    injected = (long)info.entry.nr;
    injected_first = (long)info.entry.args[0];
    injected_role = process->role;
    injected_errno = process->answer = error_of(injected);
    if (injected == SYS_brk) { /* tells a failure by the unchanged end, as for 0 */
        process->first = registers.rdi;
        registers.rdi = 0;
    } else {
        registers.orig_rax = SYS_getpid; /* permitted by every filter of osh */
    }
    ptrace(PTRACE_SETREGS, process->pid, 0, &registers);
}

static void at_birth(struct process* parent)
{
    unsigned long message = 0;
    ptrace(PTRACE_GETEVENTMSG, parent->pid, 0, &message);
    struct process* child = find((pid_t)message);
    child->role = parent->role == OSH     ? HELPER
                  : parent->role == INIT  ? AGENT
                  : parent->role == AGENT ? (parent->siblings++ == 0 ? WATCH : BROKER)
                                          : parent->role;
    if (child->waits) {
        child->waits = 0;
        go_on(child, 0);
    }
}

static void at_exec(struct process* process)
{
    char path[64], target[512];
    snprintf(path, sizeof path, "/proc/%d/exe", process->pid);
    ssize_t const length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = 0;
    char const* slash = strrchr(target, '/');
    char const* name = slash ? slash + 1 : target;
    process->loads = 1;
    if (process->role == OSH)
        return; /* the command itself */
    process->role = strcmp(name, "osh-netproxy") == 0 ? NETPROXY
                    : strcmp(name, "osh-init") == 0   ? INIT
                                                      : NOBODY;
}

static void at_stop(struct process* process, int status)
{
    int const event = status >> 16, signal = WSTOPSIG(status);
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
        at_birth(process);
    } else if (event == PTRACE_EVENT_EXEC) {
        at_exec(process);
    } else if (event == PTRACE_EVENT_STOP) {
        if (process->role == UNKNOWN) {
            process->waits = 1;
            return;
        }
        if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU) {
            ptrace(PTRACE_LISTEN, process->pid, 0, 0);
            return;
        }
    } else if (signal == (SIGTRAP | 0x80)) {
        at_call(process);
    } else {
        /* PID 1 dies of its own crash, but not while it is traced (kernel/signal.c, force_sig_info_to_task). */
        if (process->role == INIT && (signal == SIGSEGV || signal == SIGABRT))
            kill(process->pid, SIGKILL);
        go_on(process, signal);
        return;
    }
    go_on(process, 0);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int alive(void)
{
    int count = 0;
    for (int i = 0; i < MOST; ++i)
        count += table[i].pid != 0;
    return count;
}

static void on_alarm(int number)
{
    (void)number; /* waitpid returns */
}

static pid_t start(char** command)
{
    int gate[2];
    char byte = 0;
    if (pipe(gate) != 0)
        exit(3);
    pid_t const pid = fork();
    if (pid == 0) {
        close(gate[1]);
        close(report);
        ssize_t const count = read(gate[0], &byte, 1);
        close(gate[0]);
        if (count == 1)
            execv(command[0], command);
        _exit(126);
    }
    close(gate[0]);
    if (pid < 0 || ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) != 0) {
        perror("fault_driver: ptrace");
        exit(3);
    }
    find(pid)->role = OSH;
    if (write(gate[1], "g", 1) != 1)
        exit(3);
    close(gate[1]);
    return pid;
}

int main(int argc, char** argv)
{
    if (argc < 7)
        return 2;
    report = atoi(argv[1]);
    double const limit = atof(argv[2]);
    argv += 2;
    for (int i = 0; i <= NOBODY; ++i)
        if (strcmp(argv[1], names[i]) == 0)
            wanted = (enum role)i;
    nth = atol(argv[2]);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    pid_t const root = start(argv + 4);
    int root_status = -1;
    double const end = now() + limit;
    struct sigaction alarm_action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &alarm_action, NULL);
    alarm((unsigned)limit + 1);
    struct timespec const pause = {0, 200 * 1000};
    while (alive() > 0 && now() < end) {
        int status = 0;
        pid_t const pid = waitpid(-1, &status, __WALL | (root_status >= 0 ? WNOHANG : 0));
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            break;
        if (pid == 0) {
            nanosleep(&pause, NULL);
            continue;
        }
        if (WIFSTOPPED(status)) {
            at_stop(find(pid), status);
            continue;
        }
        find(pid)->pid = 0;
        if (pid == root)
            root_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    dprintf(report, "calls=%ld injected=%ld first=%ld errno=%d status=%d left=%d\n", calls, injected, injected_first,
            injected_errno, root_status, alive());
    return 0;
}
