// What the processor says of itself, and what it must be told, that Swift cannot spell. On x86-64 that is CPUID, XGETBV,
// PAUSE and MXCSR, on arm64 YIELD; on Linux the cores that a thread may use, pipes
// that no child inherits, and the words that the program was started with.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)
// <sched.h> and <unistd.h> have these only for _GNU_SOURCE, which Swift's module of the C library does not set.
int luthier_get_affinity(int thread, size_t bytes, void *mask) __asm__("sched_getaffinity");
int luthier_set_affinity(int thread, size_t bytes, const void *mask) __asm__("sched_setaffinity");
// The core that the caller runs on at this moment.
int luthier_current_core(void) __asm__("sched_getcpu");
int luthier_pipe(int ends[2], int flags) __asm__("pipe2");
// The word that the program was started by, at its place among the words that the system has laid out in one row.
extern char *program_invocation_name;
static inline const char *luthier_program_word(void) { return program_invocation_name; }
// The path that was executed, which the system has laid out after those words and the environment's.
unsigned long luthier_auxiliary_value(unsigned long kind) __asm__("getauxval");
static inline const char *luthier_executed_path(void) { return (const char *)luthier_auxiliary_value(31); }
#else
static inline int luthier_current_core(void) { return -1; }
#endif

typedef struct {
  uint32_t eax, ebx, ecx, edx;
} luthier_cpuid_registers;

#if defined(__x86_64__)
#include <cpuid.h>

static inline int luthier_has_cpuid(void) { return 1; }

// Without a look at the highest leaf, which leaves 0 and 0x80000000 tell: under a hypervisor each CPUID takes microseconds.
static inline luthier_cpuid_registers luthier_cpuid(uint32_t leaf, uint32_t subleaf) {
  luthier_cpuid_registers r;
  __cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
  return r;
}

// Only where CPUID says that the system has enabled it (OSXSAVE); elsewhere the instruction is illegal.
static inline uint64_t luthier_xgetbv(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((uint64_t)high << 32) | low;
}

// The hint of a loop that waits for another core.
static inline void luthier_pause(void) { __builtin_ia32_pause(); }

// The control and status register of SSE and AVX floating point, of the calling thread. Not by the compiler's own functions:
// what calls them may be taken to depend on nothing, and of two readings with a writing between, one is then left out. Seen in
// builds for the sanitizers, where these here are not inlined: the mode was not restored.
static inline uint32_t luthier_get_mxcsr(void) {
  uint32_t value;
  __asm__ volatile("stmxcsr %0" : "=m"(value) : : "memory");
  return value;
}
static inline void luthier_set_mxcsr(uint32_t value) { __asm__ volatile("ldmxcsr %0" : : "m"(value) : "memory"); }
#else
static inline int luthier_has_cpuid(void) { return 0; }
static inline luthier_cpuid_registers luthier_cpuid(uint32_t leaf, uint32_t subleaf) {
  (void)leaf; (void)subleaf;
  luthier_cpuid_registers r = {0, 0, 0, 0};
  return r;
}
static inline uint64_t luthier_xgetbv(void) { return 0; }
#if defined(__aarch64__)
static inline void luthier_pause(void) { __asm__ volatile("yield"); }
#else
static inline void luthier_pause(void) {}
#endif
static inline uint32_t luthier_get_mxcsr(void) { return 0; }
static inline void luthier_set_mxcsr(uint32_t value) { (void)value; }
#endif
