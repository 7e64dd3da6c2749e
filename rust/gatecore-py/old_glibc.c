/* What newer C libraries have as symbols and glibc 2.17 has not: see build.rs.
   All are hidden: nothing outside the extension module sees them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* Before 2.33 these were inline functions around symbols with a version number of the structure. */
enum { STAT_VERSION = 1 };
int __xstat64(int version, const char *path, struct stat64 *into);
int __lxstat64(int version, const char *path, struct stat64 *into);
int __fxstat64(int version, int file, struct stat64 *into);
int __fxstatat64(int version, int folder, const char *path, struct stat64 *into, int flags);

HIDDEN int stat64(const char *path, struct stat64 *into) {
    return __xstat64(STAT_VERSION, path, into);
}
HIDDEN int lstat64(const char *path, struct stat64 *into) {
    return __lxstat64(STAT_VERSION, path, into);
}
HIDDEN int fstat64(int file, struct stat64 *into) { return __fxstat64(STAT_VERSION, file, into); }
HIDDEN int fstatat64(int folder, const char *path, struct stat64 *into, int flags) {
    return __fxstatat64(STAT_VERSION, folder, path, into, flags);
}

/* libstdc++ counts references without atomic instructions while this is not 0 (glibc 2.32). */
HIDDEN char __libc_single_threaded = 0;
