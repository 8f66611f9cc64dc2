// Sleeping until a word of memory changes: the system calls that Swift cannot spell. No thread's number is in them, so that they
// serve a process on both sides of fork().
#pragma once
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

// The hint of a loop that waits for another core.
static inline void luthier_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

// <unistd.h> has it only for _GNU_SOURCE, which Swift's module of the C library does not set.
long luthier_system_call(long number, ...) __asm__("syscall");

// Sleeps while the word is `value`, at most `nanoseconds` (negative: for ever). May return early; errno stays what it was.
static inline void luthier_sleep_while(const void *_Nonnull word, uint32_t value, int64_t nanoseconds) {
  const int before = errno;
  const struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  luthier_system_call(
    SYS_futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, nanoseconds < 0 ? (void *)0 : &limit, (void *)0, 0);
  errno = before;
}

// Wakes up to `count` of those who sleep at the word.
static inline void luthier_wake(const void *_Nonnull word, int count) {
  const int before = errno;
  luthier_system_call(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, (void *)0, (void *)0, 0);
  errno = before;
}
#else
// Darwin's, of <os/os_sync_wait_on_address.h>.
int os_sync_wait_on_address(void *address, uint64_t value, size_t size, uint32_t flags);
int os_sync_wait_on_address_with_timeout(
  void *address, uint64_t value, size_t size, uint32_t flags, uint32_t clock, uint64_t nanoseconds);
int os_sync_wake_by_address_all(void *address, size_t size, uint32_t flags);

static inline void luthier_sleep_while(const void *_Nonnull word, uint32_t value, int64_t nanoseconds) {
  const int before = errno;
  // 32 is OS_CLOCK_MACH_ABSOLUTE_TIME.
  if (nanoseconds < 0) os_sync_wait_on_address((void *)word, value, 4, 0);
  else os_sync_wait_on_address_with_timeout((void *)word, value, 4, 0, 32, nanoseconds > 0 ? nanoseconds : 1);
  errno = before;
}

static inline void luthier_wake(const void *_Nonnull word, int count) {
  const int before = errno;
  (void)count;
  os_sync_wake_by_address_all((void *)word, 4, 0);
  errno = before;
}
#endif
