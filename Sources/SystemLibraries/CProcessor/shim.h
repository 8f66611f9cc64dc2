// What the processor says of itself. On x86-64 that is CPUID and XGETBV, which Swift cannot spell; elsewhere nothing.
#pragma once
#include <stdint.h>

typedef struct {
  uint32_t eax, ebx, ecx, edx;
} luthier_cpuid_registers;

#if defined(__x86_64__)
#include <cpuid.h>

static inline int luthier_has_cpuid(void) { return 1; }

static inline luthier_cpuid_registers luthier_cpuid(uint32_t leaf, uint32_t subleaf) {
  luthier_cpuid_registers r = {0, 0, 0, 0};
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

static inline uint64_t luthier_xgetbv(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((uint64_t)high << 32) | low;
}
#else
static inline int luthier_has_cpuid(void) { return 0; }
static inline luthier_cpuid_registers luthier_cpuid(uint32_t leaf, uint32_t subleaf) {
  (void)leaf; (void)subleaf;
  luthier_cpuid_registers r = {0, 0, 0, 0};
  return r;
}
static inline uint64_t luthier_xgetbv(void) { return 0; }
#endif
