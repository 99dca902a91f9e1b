/* The one seam between `conc` and the system, for tests: what the system answers.
 *
 * This library is loaded before libc (LD_PRELOAD) into every process of a run, and is silent in all but those of the
 * program under test. Nothing of it is part of that program: every call of the standard library, of a dependency or
 * of SQLite passes here, and the program that ships has no such seam.
 *
 *   CONC_FAULTS_EXE   the program under test
 *   CONC_FAULTS_DIR   a directory: each process appends the places where the system was asked to a file there
 *   CONC_FAULT        HASH:COUNT:EFFECT, the answer to the COUNTth question of a process at a place; only one process
 *                     of a run gets it, the one that makes the file `fired`. EFFECT is a number of errno, or short, kill,
 *                     stop, back or ahead.
 *
 * A place is what is asked, by which role, and from where: the innermost functions of the program on the stack. The clock is asked too
 * often for that; its places are the 1st, 2nd, 4th, 8th ... question of a process of a role.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Functions of the program that tell one place from another. */
#define DEPTH 14
#define MOST_PLACES 8192
#define NANOS 1000000000LL

enum { NONE = 0, SHORT = -1, KILL = -2, STOP = -3, BACK = -4, AHEAD = -5 };

static int is_on;
static pid_t own;
static uintptr_t first, last;
static const char *directory;
static char role[32] = "main";
static uint64_t wanted;
static unsigned wanted_count;
static int effect;
static __thread int is_busy;

/* Nanoseconds by which the clocks are ahead, shared by the processes of a run. */
static struct { _Atomic int64_t realtime, monotonic; } nowhere, *ahead = &nowhere;

static struct { uint64_t hash; unsigned count; } places[MOST_PLACES];
static atomic_flag lock = ATOMIC_FLAG_INIT;

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static uint64_t mix(uint64_t hash, uint64_t value) {
    return (hash ^ value) * 0x100000001b3ULL;
}

static uint64_t of_text(const char *text) {
    uint64_t hash = 0xcbf29ce484222325ULL;
    while (*text) hash = mix(hash, (unsigned char)*text++);
    return hash;
}

/* A file is written without passing the functions below. */
static int make(const char *name, int flags, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    if (file < 0) return 0;
    long written = syscall(SYS_write, file, text, strlen(text));
    syscall(SYS_close, file);
    return written >= 0;
}

static char kind_of(int file) {
    struct stat status;
    if (file < 0 || fstat(file, &status)) return '-';
    if (S_ISREG(status.st_mode)) return 'f';
    return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ? 'p' : 'd';
}

/* Counts a question; returns how often it was asked. */
static unsigned count(uint64_t hash) {
    while (atomic_flag_test_and_set(&lock)) sched_yield();
    size_t at = hash % MOST_PLACES, tries = 0;
    while (places[at].hash && places[at].hash != hash && tries++ < MOST_PLACES) at = (at + 1) % MOST_PLACES;
    places[at].hash = hash;
    unsigned seen = ++places[at].count;
    atomic_flag_clear(&lock);
    return seen;
}

/* Notes a place, at its 1st, 2nd, 4th ... question, and returns the answer that it gets; NONE is that of the system. */
static int answer(const char *call, uint64_t hash, unsigned seen, int file, void **frames, int depth) {
    char line[512];
    int length = snprintf(line, sizeof line, "%s %016llx %u %s %d %c", call, (unsigned long long)hash, seen, role, file, kind_of(file));
    for (int i = 0; i < depth && length < 480; i++)
        length += snprintf(line + length, sizeof line - length, " %lx", (long)((uintptr_t)frames[i] - first));
    snprintf(line + length, sizeof line - length, "\n");
    if (wanted) {
        if (hash == wanted && seen == wanted_count && make("fired", O_EXCL, line)) return effect;
    } else if (!(seen & (seen - 1))) {
        char name[32];
        snprintf(name, sizeof name, "%d", own);
        make(name, O_APPEND, line);
    }
    return NONE;
}

static int passes(void) {
    return !is_on || is_busy || getpid() != own;
}

/* Returns the answer to a question that was asked from here. */
static int ask(const char *call, int file) {
    if (passes()) return NONE;
    is_busy = 1;
    int saved = errno;
    void *all[64], *frames[DEPTH];
    int depth = 0, found = backtrace(all, 64);
    uint64_t hash = mix(of_text(call), of_text(role));
    for (int i = 0; i < found && depth < DEPTH; i++) {
        uintptr_t at = (uintptr_t)all[i];
        if (at < first || at >= last) continue;
        frames[depth++] = all[i];
        hash = mix(hash, at - first);
    }
    int given = depth ? answer(call, hash, count(hash), file, frames, depth) : NONE;
    if (given == KILL) syscall(SYS_kill, own, SIGKILL);
    if (given == STOP) {
        char text[32];
        snprintf(text, sizeof text, "%d", own);
        make("stopped", 0, text);
        syscall(SYS_kill, own, SIGSTOP);
        given = NONE;
    }
    errno = saved;
    is_busy = 0;
    return given;
}

/* Returns the answer at a place of the clock. */
static void ask_clock(clockid_t clock) {
    static _Atomic unsigned asked[2];
    if (passes() || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)) return;
    unsigned seen = ++asked[clock == CLOCK_MONOTONIC];
    if (seen & (seen - 1)) return;
    is_busy = 1;
    int saved = errno;
    const char *call = clock == CLOCK_REALTIME ? "realtime" : "monotonic";
    uint64_t hash = mix(mix(of_text(call), of_text(role)), seen);
    switch (answer(call, hash, 1, -1, NULL, 0)) {
    case BACK: ahead->realtime -= 3600 * NANOS; break;
    case AHEAD: ahead->realtime += 3600 * NANOS; ahead->monotonic += 3600 * NANOS; break;
    }
    errno = saved;
    is_busy = 0;
}

static int of_program(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size, (void)data;
    first = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t end = first + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
        if (info->dlpi_phdr[i].p_type == PT_LOAD && end > last) last = end;
    }
    return 1; /* The program is the first. */
}

static void read_role(void) {
    char line[4096];
    int file = syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY);
    long length = syscall(SYS_read, file, line, sizeof line - 1);
    syscall(SYS_close, file);
    if (length <= 0) return;
    line[length] = 0;
    const char *argument = line + strlen(line) + 1;
    if (argument < line + length && !strncmp(argument, "__", 2)) snprintf(role, sizeof role, "%s", argument);
}

static void read_fault(const char *fault) {
    char what[32] = "";
    unsigned long long hash;
    if (!fault || sscanf(fault, "%llx:%u:%31s", &hash, &wanted_count, what) != 3) return;
    wanted = hash;
    effect = !strcmp(what, "short") ? SHORT : !strcmp(what, "kill") ? KILL : !strcmp(what, "stop") ? STOP
        : !strcmp(what, "back") ? BACK : !strcmp(what, "ahead") ? AHEAD : atoi(what);
}

__attribute__((constructor)) static void begin(void) {
    const char *program = getenv("CONC_FAULTS_EXE");
    directory = getenv("CONC_FAULTS_DIR");
    char path[4096];
    long length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (!program || !directory || length <= 0) return;
    path[length] = 0;
    if (strcmp(path, program)) return;
    own = getpid();
    dl_iterate_phdr(of_program, NULL);
    read_role();
    read_fault(getenv("CONC_FAULT"));
    snprintf(path, sizeof path, "%s/clocks", directory);
    int file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR);
    void *shared = mmap(NULL, sizeof nowhere, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED) ahead = shared;
    syscall(SYS_close, file);
    void *frames[4];
    backtrace(frames, 4); /* The first call loads a library. */
    is_on = 1;
}

/* The answer of an error, or else that of the system. */
#define FAIL_OR(call, file, system) \
    do { \
        int given = ask(call, file); \
        if (given > 0) { errno = given; return -1; } \
        return system; \
    } while (0)

#define CREATES(flags) (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE)

#define MODE(flags) \
    mode_t mode = 0; \
    if (CREATES(flags)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

#define OPENS(flags) (CREATES(flags) ? "create" : "open")

int open(const char *path, int flags, ...) { MODE(flags) REAL(open); FAIL_OR(OPENS(flags), -1, real(path, flags, mode)); }
int open64(const char *path, int flags, ...) { MODE(flags) REAL(open64); FAIL_OR(OPENS(flags), -1, real(path, flags, mode)); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) REAL(openat); FAIL_OR(OPENS(flags), -1, real(at, path, flags, mode)); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) REAL(openat64); FAIL_OR(OPENS(flags), -1, real(at, path, flags, mode)); }

#define SHORTER(length) (given == SHORT ? ((length) + 1) / 2 : (length))

#define TRANSFER(call, file, length, system) \
    do { \
        int given = ask(call, file); \
        if (given > 0) { errno = given; return -1; } \
        size_t size = SHORTER(length); \
        return system; \
    } while (0)

ssize_t read(int file, void *to, size_t length) { REAL(read); TRANSFER("read", file, length, real(file, to, size)); }
ssize_t pread64(int file, void *to, size_t length, off64_t at) { REAL(pread64); TRANSFER("read", file, length, real(file, to, size, at)); }
ssize_t recv(int file, void *to, size_t length, int flags) { REAL(recv); TRANSFER("receive", file, length, real(file, to, size, flags)); }
ssize_t write(int file, const void *from, size_t length) { REAL(write); TRANSFER("write", file, length, real(file, from, size)); }
ssize_t pwrite64(int file, const void *from, size_t length, off64_t at) { REAL(pwrite64); TRANSFER("write", file, length, real(file, from, size, at)); }
ssize_t send(int file, const void *from, size_t length, int flags) { REAL(send); TRANSFER("send", file, length, real(file, from, size, flags)); }
ssize_t writev(int file, const struct iovec *parts, int count) { REAL(writev); FAIL_OR("write", file, real(file, parts, count)); }

int fsync(int file) { REAL(fsync); FAIL_OR("sync", file, real(file)); }
int fdatasync(int file) { REAL(fdatasync); FAIL_OR("sync", file, real(file)); }
int rename(const char *from, const char *to) { REAL(rename); FAIL_OR("rename", -1, real(from, to)); }
int linkat(int a, const char *from, int b, const char *to, int flags) { REAL(linkat); FAIL_OR("rename", -1, real(a, from, b, to, flags)); }
int unlink(const char *path) { REAL(unlink); FAIL_OR("remove", -1, real(path)); }
int unlinkat(int at, const char *path, int flags) { REAL(unlinkat); FAIL_OR("remove", -1, real(at, path, flags)); }
int rmdir(const char *path) { REAL(rmdir); FAIL_OR("remove", -1, real(path)); }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); FAIL_OR("mkdir", -1, real(path, mode)); }
int ftruncate64(int file, off64_t length) { REAL(ftruncate64); FAIL_OR("reserve", file, real(file, length)); }
int fallocate(int file, int mode, off_t at, off_t length) { REAL(fallocate); FAIL_OR("reserve", file, real(file, mode, at, length)); }
int flock(int file, int operation) { REAL(flock); FAIL_OR("lock", file, real(file, operation)); }

void *mmap64(void *at, size_t length, int protection, int flags, int file, off64_t offset) {
    REAL(mmap64);
    int given = file >= 0 ? ask("map", file) : NONE;
    if (given > 0) { errno = given; return MAP_FAILED; }
    return real(at, length, protection, flags, file, offset);
}

int pipe2(int ends[2], int flags) { REAL(pipe2); FAIL_OR("pipe", -1, real(ends, flags)); }
int socket(int domain, int type, int protocol) { REAL(socket); FAIL_OR("socket", -1, real(domain, type, protocol)); }
int socketpair(int domain, int type, int protocol, int ends[2]) { REAL(socketpair); FAIL_OR("socket", -1, real(domain, type, protocol, ends)); }
int accept4(int file, struct sockaddr *address, socklen_t *length, int flags) { REAL(accept4); FAIL_OR("accept", file, real(file, address, length, flags)); }
int connect(int file, const struct sockaddr *address, socklen_t length) { REAL(connect); FAIL_OR("connect", file, real(file, address, length)); }
int bind(int file, const struct sockaddr *address, socklen_t length) { REAL(bind); FAIL_OR("connect", file, real(file, address, length)); }
int epoll_create1(int flags) { REAL(epoll_create1); FAIL_OR("pipe", -1, real(flags)); }

int fcntl64(int file, int command, ...) {
    REAL(fcntl64);
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (command != F_DUPFD_CLOEXEC) return real(file, command, argument);
    FAIL_OR("pipe", file, real(file, command, argument));
}

pid_t fork(void) { REAL(fork); FAIL_OR("spawn", -1, real()); }

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    REAL(posix_spawnp);
    int given = ask("spawn", -1);
    return given > 0 ? given : real(pid, file, actions, attributes, argv, envp);
}

int pidfd_spawnp(int *pidfd, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    static int (*real)(int *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]);
    if (!real) real = dlsym(RTLD_NEXT, "pidfd_spawnp");
    if (!real) return ENOSYS;
    int given = ask("spawn", -1);
    return given > 0 ? given : real(pidfd, file, actions, attributes, argv, envp);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    REAL(pthread_create);
    int given = ask("thread", -1);
    return given > 0 ? given : real(thread, attributes, run, argument);
}

int poll(struct pollfd *files, nfds_t count, int timeout) { REAL(poll); FAIL_OR("wait", -1, real(files, count, timeout)); }
int epoll_wait(int file, struct epoll_event *events, int most, int timeout) { REAL(epoll_wait); FAIL_OR("wait", -1, real(file, events, most, timeout)); }
int waitid(idtype_t type, id_t id, siginfo_t *info, int options) { REAL(waitid); FAIL_OR("wait", -1, real(type, id, info, options)); }
pid_t waitpid(pid_t pid, int *status, int options) { REAL(waitpid); FAIL_OR("wait", -1, real(pid, status, options)); }
pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage) { REAL(wait4); FAIL_OR("wait", -1, real(pid, status, options, usage)); }

static int64_t offset_of(clockid_t clock) {
    switch (clock) {
    case CLOCK_REALTIME: case CLOCK_REALTIME_COARSE: return ahead->realtime;
    case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_COARSE: case CLOCK_MONOTONIC_RAW: case CLOCK_BOOTTIME: return ahead->monotonic;
    default: return 0;
    }
}

static struct timespec moved(struct timespec time, int64_t nanos) {
    int64_t sum = time.tv_sec * NANOS + time.tv_nsec + nanos;
    return (struct timespec){ .tv_sec = sum / NANOS, .tv_nsec = sum % NANOS };
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    REAL(clock_gettime);
    ask_clock(clock);
    int result = real(clock, time);
    int64_t offset = result ? 0 : offset_of(clock);
    if (offset) *time = moved(*time, offset);
    return result;
}

/* A time that the program has made of a clock that is ahead is one of the system again. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left) {
    REAL(clock_nanosleep);
    int64_t offset = flags & TIMER_ABSTIME ? offset_of(clock) : 0;
    struct timespec there = offset ? moved(*time, -offset) : *time;
    return real(clock, flags, &there, left);
}

long syscall(long number, ...) {
    static long (*real)(long, ...);
    if (!real) real = dlsym(RTLD_NEXT, "syscall");
    long a[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
    va_end(rest);
    struct timespec there;
    if (number == SYS_futex && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET && a[3]) {
        int64_t offset = offset_of(a[1] & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC);
        there = moved(*(struct timespec *)a[3], -offset);
        if (offset) a[3] = (long)&there;
    }
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
