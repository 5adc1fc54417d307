/*
 * Faults on command. Loaded in front of the C library (LD_PRELOAD), it counts the calls by which the process changes
 * files below one folder, writes each of them down, and at one of them kills the process, sends it a signal, or lets
 * the call fail once. The program under test has not a line for it.
 *
 *   FAULT_ROOT   the folder, an absolute path without symbolic links
 *   FAULT_LOG    a file; a line is added for every call: kind, class of the file, path
 *   FAULT        HOW:KIND:CLASS:N  at the Nth call of that kind on that class of files (`*`: any), HOW is
 *                kill    SIGKILL in front of the call
 *                torn    SIGKILL in the middle of it, if it writes: half of the bytes are written
 *                enospc  it fails once: no space left on the device
 *                eio     it fails once: input/output error
 *                int, term, twice   SIGINT, SIGTERM, or SIGINT two times, and the call goes on
 *                stop    it says `stopped` on standard error and stops, until it gets SIGCONT
 *
 * What is called past the C library is not seen (syncfs by rustix is the one such call); nor are writes to mapped memory.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char root[PATH_MAX];
static size_t root_length;
static int log_file = -1;
static char how[16], wanted_kind[16], wanted_class[16];
static long wanted;
static atomic_long met;

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("FAULT_ROOT"), *log = getenv("FAULT_LOG"), *fault = getenv("FAULT");
    if (!folder) return;
    snprintf(root, sizeof root, "%s", folder);
    root_length = strlen(root);
    if (log) log_file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fault && sscanf(fault, "%15[^:]:%15[^:]:%15[^:]:%ld", how, wanted_kind, wanted_class, &wanted) != 4) {
        fprintf(stderr, "the fault `%s` is not understood\n", fault);
        _exit(99);
    }
}

static int ends(const char *path, const char *ending) {
    size_t length = strlen(path), tail = strlen(ending);
    return length >= tail && !strcmp(path + length - tail, ending);
}

static int begins(const char *path, const char *beginning) { return !strncmp(path, beginning, strlen(beginning)); }

/* What a file below the root is. */
static const char *class_of(const char *path) {
    if (!strcmp(path, "store")) return "store";
    if (!begins(path, "store/")) return "project";
    path += strlen("store/");
    if (!strcmp(path, "lock")) return "lock";
    if (begins(path, "musketer.db.new")) return "fresh";
    if (!strcmp(path, "musketer.db-wal")) return "wal";
    if (!strcmp(path, "musketer.db-shm")) return "shm";
    if (begins(path, "musketer.db")) return "db";
    if (strstr(path, "/spool-")) return "spool";
    if (begins(path, "raw")) return "raw";
    if (begins(path, "canonical")) return ends(path, ".new") ? "part.new" : "part";
    if (begins(path, "reports")) return "report";
    return "store";
}

__attribute__((noreturn)) static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

enum verdict { GO_ON, TEAR, FAIL };

/* A call is about to be made; `path` is absolute. */
static enum verdict meet(const char *kind, const char *path) {
    if (!root_length || strncmp(path, root, root_length) || path[root_length] != '/') return GO_ON;
    path += root_length + 1;
    const char *class = class_of(path);
    int hit = wanted && (wanted_kind[0] == '*' || !strcmp(wanted_kind, kind)) &&
              (wanted_class[0] == '*' || !strcmp(wanted_class, class)) && atomic_fetch_add(&met, 1) + 1 == wanted;
    if (log_file >= 0) {
        char line[PATH_MAX + 64];
        int length = snprintf(line, sizeof line, "%s %s %s%s\n", kind, class, path, hit ? " <- here" : "");
        syscall(SYS_write, log_file, line, (size_t)length);
    }
    if (!hit) return GO_ON;
    if (!strcmp(how, "torn") && !strcmp(kind, "write")) return TEAR;
    if (!strcmp(how, "torn") || !strcmp(how, "kill")) die();
    if (!strcmp(how, "int") || !strcmp(how, "twice")) syscall(SYS_kill, getpid(), SIGINT);
    if (!strcmp(how, "twice")) syscall(SYS_kill, getpid(), SIGINT);
    if (!strcmp(how, "term")) syscall(SYS_kill, getpid(), SIGTERM);
    if (!strcmp(how, "stop")) {
        syscall(SYS_write, 2, "stopped\n", 8);
        syscall(SYS_kill, getpid(), SIGSTOP);
    }
    if (!strcmp(how, "enospc")) return errno = ENOSPC, FAIL;
    if (!strcmp(how, "eio")) return errno = EIO, FAIL;
    return GO_ON;
}

/* The path of an open file, also of one without a name. */
static enum verdict meet_file(const char *kind, int file) {
    char link[64], path[PATH_MAX];
    if (!root_length) return GO_ON;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return GO_ON;
    path[length] = 0;
    return meet(kind, path);
}

/* A path as it is given, relative to a folder that is open. */
static enum verdict meet_path(const char *kind, int folder, const char *path) {
    char whole[2 * PATH_MAX], link[64];
    if (!root_length) return GO_ON;
    if (path[0] == '/') return meet(kind, path);
    ssize_t length;
    if (folder == AT_FDCWD) {
        length = getcwd(whole, PATH_MAX) ? (ssize_t)strlen(whole) : -1;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        length = readlink(link, whole, PATH_MAX - 1);
    }
    if (length < 0) return GO_ON;
    snprintf(whole + length, sizeof whole - (size_t)length, "/%s", path);
    return meet(kind, whole);
}

#define REAL(name) ({ static void *real; if (!real) real = dlsym(RTLD_NEXT, #name); (__typeof__(&name))real; })

#define DOES_WRITE(flags) (((flags) & O_ACCMODE) != O_RDONLY || ((flags) & (O_CREAT | O_TRUNC)))

#define MODE(flags, last) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list rest; va_start(rest, last); mode = va_arg(rest, mode_t); va_end(rest); }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        MODE(flags, flags) \
        if (DOES_WRITE(flags) && meet_path("open", AT_FDCWD, path) != GO_ON) return -1; \
        return REAL(name)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        MODE(flags, flags) \
        if (DOES_WRITE(flags) && meet_path("open", folder, path) != GO_ON) return -1; \
        return REAL(name)(folder, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

#define WRITE(name, parameters, half, whole) \
    ssize_t name parameters { \
        switch (meet_file("write", file)) { \
        case FAIL: return -1; \
        case TEAR: REAL(name) half; die(); \
        default: return REAL(name) whole; \
        } \
    }
WRITE(write, (int file, const void *from, size_t size), (file, from, size / 2), (file, from, size))
WRITE(pwrite, (int file, const void *from, size_t size, off_t at), (file, from, size / 2, at), (file, from, size, at))
WRITE(pwrite64, (int file, const void *from, size_t size, off64_t at), (file, from, size / 2, at), (file, from, size, at))
WRITE(writev, (int file, const struct iovec *from, int many), (file, from, many / 2), (file, from, many))

#define CALL(name, met, parameters, arguments) \
    int name parameters { \
        if (met == FAIL) return -1; \
        return REAL(name) arguments; \
    }
CALL(ftruncate, meet_file("truncate", file), (int file, off_t size), (file, size))
CALL(ftruncate64, meet_file("truncate", file), (int file, off64_t size), (file, size))
CALL(fsync, meet_file("sync", file), (int file), (file))
CALL(fdatasync, meet_file("sync", file), (int file), (file))
CALL(rename, meet_path("rename", AT_FDCWD, to), (const char *from, const char *to), (from, to))
CALL(unlink, meet_path("unlink", AT_FDCWD, path), (const char *path), (path))
CALL(unlinkat, meet_path("unlink", folder, path), (int folder, const char *path, int flags), (folder, path, flags))
CALL(rmdir, meet_path("unlink", AT_FDCWD, path), (const char *path), (path))
CALL(mkdir, meet_path("mkdir", AT_FDCWD, path), (const char *path, mode_t mode), (path, mode))
CALL(chmod, meet_path("chmod", AT_FDCWD, path), (const char *path, mode_t mode), (path, mode))
CALL(fchmod, meet_file("chmod", file), (int file, mode_t mode), (file, mode))
