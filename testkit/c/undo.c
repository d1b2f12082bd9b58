/*
 * A preloaded library that remembers how to undo every write that was not flushed.
 *
 * For regular files below VAUBAN_UNSYNCED_DIR each write, truncation and opening with O_TRUNC first appends an undo record
 * (old size, old bytes) to VAUBAN_UNSYNCED_JOURNAL/undo; each successful fsync or fdatasync appends a mark that makes the
 * earlier records of that file void, whichever process wrote them. All processes share one journal under one robust
 * mutex, so the records of a file are in the order of its writes, and a process may be killed at any moment.
 *
 * Whether a descriptor is ours is asked of the kernel at each write (statx and /proc/self/fd), so nothing has to be
 * remembered about descriptors, and sockets, pipes and other files cost one system call and are otherwise untouched.
 * Files are named by device, inode and time of birth, so renaming and removing need no interposition.
 *
 * Everything inside works by raw system calls and does not call itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { KIND_UNDO = 1, KIND_SYNCED = 2 };

/* As the journal holds it, followed by `length` old bytes. Read by testkit/src/unsynced/journal.rs. */
struct record {
    uint64_t kind, sequence, device, inode, born, old_size, offset, length;
};

/* What all processes share. */
struct shared {
    uint64_t ready;
    uint64_t sequence;
    uint64_t end; /* of the journal; a record that was being written beyond it when its process died is overwritten */
    pthread_mutex_t mutex;
};

static struct shared *shared;
static int journal = -1;
static char root[PATH_MAX];
static size_t root_length;
static char piece[1 << 16]; /* used under the mutex only */

/* A shim that cannot do its work must not let a test pass. */
static void give_up(const char *why)
{
    static const char name[] = "unsynced: ";
    syscall(SYS_write, 2, name, sizeof name - 1);
    syscall(SYS_write, 2, why, strlen(why));
    syscall(SYS_write, 2, "\n", (size_t)1);
    abort();
}

static int open_beside(const char *folder, const char *name)
{
    char path[PATH_MAX];
    size_t length = strlen(folder);
    if (length + strlen(name) + 2 > sizeof path)
        give_up("the journal's path is too long");
    memcpy(path, folder, length);
    path[length] = '/';
    strcpy(path + length + 1, name);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        give_up("the journal cannot be opened");
    /* Out of the way of programs that expect low numbers, such as inherited sockets from 3 on. */
    int high = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 500);
    if (high < 0)
        give_up("no descriptor is left");
    syscall(SYS_close, fd);
    return high;
}

__attribute__((constructor)) static void begin(void)
{
    const char *directory = getenv("VAUBAN_UNSYNCED_DIR");
    const char *folder = getenv("VAUBAN_UNSYNCED_JOURNAL");
    if (directory == NULL || folder == NULL)
        return;
    if (strlen(directory) + 2 > sizeof root)
        give_up("the directory's path is too long");
    strcpy(root, directory);
    strcat(root, "/");
    root_length = strlen(root);
    /* Held as long as this process lives: whoever undoes first makes sure that nobody writes any more. */
    if (syscall(SYS_flock, open_beside(folder, "alive"), LOCK_SH) != 0)
        give_up("the journal cannot be locked");
    journal = open_beside(folder, "undo");
    int fd = open_beside(folder, "shared");
    if (syscall(SYS_flock, fd, LOCK_EX) != 0 || syscall(SYS_ftruncate, fd, (off_t)sizeof *shared) != 0)
        give_up("the shared page cannot be made");
    struct shared *page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        give_up("the shared page cannot be mapped");
    if (page->ready == 0) {
        pthread_mutexattr_t attributes;
        if (pthread_mutexattr_init(&attributes) != 0
            || pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) != 0
            || pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) != 0
            || pthread_mutex_init(&page->mutex, &attributes) != 0)
            give_up("the mutex cannot be made");
        page->ready = 1;
    }
    /* Closing is not enough: the mapping keeps the file open, and with it the lock. */
    if (syscall(SYS_flock, fd, LOCK_UN) != 0)
        give_up("the shared page cannot be unlocked");
    syscall(SYS_close, fd);
    shared = page;
}

static void lock(void)
{
    int result = pthread_mutex_lock(&shared->mutex);
    if (result == EOWNERDEAD)
        result = pthread_mutex_consistent(&shared->mutex);
    if (result != 0)
        give_up("the mutex cannot be taken");
}

static void unlock(void)
{
    pthread_mutex_unlock(&shared->mutex);
}

/* The name under which the kernel shows a descriptor of this process. */
static void link_of(int fd, char link[64])
{
    char digits[16];
    size_t at = strlen(strcpy(link, "/proc/self/fd/")), count = 0;
    for (unsigned rest = (unsigned)fd; count == 0 || rest > 0; rest /= 10)
        digits[count++] = (char)('0' + rest % 10);
    while (count > 0)
        link[at++] = digits[--count];
    link[at] = '\0';
}

/* Whether the descriptor is a regular file below the directory; what it is, if so. Keeps errno. */
static int is_ours(int fd, struct statx *what)
{
    if (shared == NULL || fd < 0)
        return 0;
    int kept = errno, ours = 0;
    if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, what) == 0 && S_ISREG(what->stx_mode)) {
        char link[64], path[PATH_MAX];
        link_of(fd, link);
        ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path);
        ours = length > (ssize_t)root_length && memcmp(path, root, root_length) == 0;
        if (ours && !(what->stx_mask & STATX_BTIME))
            give_up("this file system does not say when a file was born");
    }
    errno = kept;
    return ours;
}

static int is_writable(int fd)
{
    return (syscall(SYS_fcntl, fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

static struct record record_of(const struct statx *what, uint64_t kind)
{
    struct record record = {
        .kind = kind,
        .device = (uint64_t)what->stx_dev_major << 32 | what->stx_dev_minor,
        .inode = what->stx_ino,
        .born = (uint64_t)what->stx_btime.tv_sec * 1000000000u + what->stx_btime.tv_nsec,
    };
    return record;
}

static void put(uint64_t at, const void *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = syscall(SYS_pwrite64, journal, bytes, length, (off_t)at);
        if (written <= 0)
            give_up("the journal cannot be written");
        bytes = (const char *)bytes + written;
        at += (uint64_t)written;
        length -= (size_t)written;
    }
}

/* A descriptor of the same file that can be read, for one that was opened for writing only. */
static int readable(int fd)
{
    if ((syscall(SYS_fcntl, fd, F_GETFL) & O_ACCMODE) == O_RDWR)
        return fd;
    char link[64];
    link_of(fd, link);
    int again = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
    if (again < 0)
        give_up("a file cannot be read back");
    return again;
}

/* Under the mutex: saves the bytes `from..to` of the file and its size. */
static void remember(int fd, const struct statx *what, uint64_t from, uint64_t to)
{
    struct record record = record_of(what, KIND_UNDO);
    record.sequence = ++shared->sequence;
    record.old_size = what->stx_size;
    record.offset = from;
    if (to > record.old_size)
        to = record.old_size;
    record.length = from < to ? to - from : 0;
    put(shared->end, &record, sizeof record);
    uint64_t at = shared->end + sizeof record;
    int source = record.length > 0 ? readable(fd) : fd;
    while (from < to) {
        size_t wanted = to - from < sizeof piece ? (size_t)(to - from) : sizeof piece;
        ssize_t got = syscall(SYS_pread64, source, piece, wanted, (off_t)from);
        if (got <= 0)
            give_up("the old bytes cannot be read");
        put(at, piece, (size_t)got);
        at += (uint64_t)got;
        from += (uint64_t)got;
    }
    if (source != fd)
        syscall(SYS_close, source);
    shared->end = at;
}

/* Takes the mutex and remembers what a write of `length` bytes replaces; `offset` is -1 for the file's own position.
   False if there is nothing to remember, and no mutex is held. */
static int before_write(int fd, size_t length, off_t offset)
{
    struct statx what;
    if (length == 0 || !is_ours(fd, &what))
        return 0;
    int kept = errno, held = 0;
    if (is_writable(fd)) {
        lock();
        held = 1;
        if (!is_ours(fd, &what)) /* asked again for its size, now that nobody else can change it */
            give_up("a file became another while it was written");
        if (syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND)
            offset = (off_t)what.stx_size;
        else if (offset < 0)
            offset = (off_t)syscall(SYS_lseek, fd, (off_t)0, SEEK_CUR);
        remember(fd, &what, (uint64_t)offset, (uint64_t)offset + length);
    }
    errno = kept;
    return held;
}

static size_t total(const struct iovec *parts, int count)
{
    size_t length = 0;
    for (int nth = 0; nth < count; nth++)
        length += parts[nth].iov_len;
    return length;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    int held = before_write(fd, length, -1);
    ssize_t result = syscall(SYS_write, fd, bytes, length);
    if (held)
        unlock();
    return result;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    int held = before_write(fd, total(parts, count), -1);
    ssize_t result = syscall(SYS_writev, fd, parts, count);
    if (held)
        unlock();
    return result;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
{
    int held = offset >= 0 && before_write(fd, length, offset);
    ssize_t result = syscall(SYS_pwrite64, fd, bytes, length, offset);
    if (held)
        unlock();
    return result;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    return pwrite64(fd, bytes, length, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    int held = offset >= 0 && before_write(fd, total(parts, count), offset);
    ssize_t result = syscall(SYS_pwritev, fd, parts, count, offset, 0L);
    if (held)
        unlock();
    return result;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return pwritev64(fd, parts, count, offset);
}

int ftruncate64(int fd, off64_t length)
{
    struct statx what;
    int held = length >= 0 && is_ours(fd, &what) && is_writable(fd);
    if (held) {
        lock();
        if (is_ours(fd, &what))
            remember(fd, &what, (uint64_t)length, what.stx_size);
    }
    int result = (int)syscall(SYS_ftruncate, fd, length);
    if (held)
        unlock();
    return result;
}

int ftruncate(int fd, off_t length)
{
    return ftruncate64(fd, length);
}

/* Opening with O_TRUNC becomes opening and truncating, which is remembered. */
static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    int splits = shared != NULL && (flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY;
    int fd = (int)syscall(SYS_openat, folder, path, splits ? flags & ~O_TRUNC : flags, mode);
    struct statx what;
    if (fd < 0 || !splits)
        return fd;
    int kept = errno;
    if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &what) == 0 && S_ISREG(what.stx_mode)
        && what.stx_size > 0 && ftruncate64(fd, 0) != 0) {
        int why = errno;
        syscall(SYS_close, fd);
        errno = why;
        return -1;
    }
    errno = kept;
    return fd;
}

static mode_t mode_of(int flags, va_list rest)
{
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name)                                         \
    int name(const char *path, int flags, ...)             \
    {                                                      \
        va_list rest;                                      \
        va_start(rest, flags);                             \
        mode_t mode = mode_of(flags, rest);                \
        va_end(rest);                                      \
        return open_at(AT_FDCWD, path, flags, mode);       \
    }

#define OPEN_AT(name)                                      \
    int name(int folder, const char *path, int flags, ...) \
    {                                                      \
        va_list rest;                                      \
        va_start(rest, flags);                             \
        mode_t mode = mode_of(flags, rest);                \
        va_end(rest);                                      \
        return open_at(folder, path, flags, mode);         \
    }

OPEN(open)
OPEN(open64)
OPEN_AT(openat)
OPEN_AT(openat64)

int creat(const char *path, mode_t mode)
{
    return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int creat64(const char *path, mode_t mode)
{
    return creat(path, mode);
}

/* What was written before the flush began is durable after it; what is written meanwhile has a later number. */
static int flush(long call, int fd)
{
    struct statx what;
    int ours = is_ours(fd, &what);
    uint64_t sequence = 0;
    if (ours) {
        lock();
        sequence = shared->sequence;
        unlock();
    }
    int result = (int)syscall(call, fd);
    if (ours && result == 0) {
        struct record record = record_of(&what, KIND_SYNCED);
        record.sequence = sequence;
        lock();
        put(shared->end, &record, sizeof record);
        shared->end += sizeof record;
        unlock();
    }
    return result;
}

int fsync(int fd)
{
    return flush(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return flush(SYS_fdatasync, fd);
}
