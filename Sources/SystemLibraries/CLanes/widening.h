// Loads of numbers of 8 and 16 bits that widen each to a float: what Swift 6.3 makes a loop of.
//
// As in shim.h, inlined into the caller and compiled with its flags: one or two instructions a vector where the module has them.
#pragma once
#include "masks.h"
#include "shim.h"

#define LUTHIER_WIDEN static inline __attribute__((always_inline, pure))

typedef signed char luthier_schar4 __attribute__((ext_vector_type(4)));
typedef signed char luthier_schar8 __attribute__((ext_vector_type(8)));
typedef signed char luthier_schar16 __attribute__((ext_vector_type(16)));
typedef unsigned char luthier_uchar4 __attribute__((ext_vector_type(4)));
typedef unsigned char luthier_uchar8 __attribute__((ext_vector_type(8)));
typedef unsigned char luthier_uchar16 __attribute__((ext_vector_type(16)));
typedef unsigned short luthier_ushort4 __attribute__((ext_vector_type(4)));
typedef unsigned short luthier_ushort8 __attribute__((ext_vector_type(8)));
typedef unsigned short luthier_ushort16 __attribute__((ext_vector_type(16)));
typedef unsigned int luthier_uint4 __attribute__((ext_vector_type(4)));
typedef unsigned int luthier_uint8 __attribute__((ext_vector_type(8)));
typedef unsigned int luthier_uint16 __attribute__((ext_vector_type(16)));

// Integers of 8 bits with sign and without.
#define LUTHIER_FROM_S8(lanes)                                              \
  LUTHIER_WIDEN luthier_float##lanes luthier_from_s8_x##lanes(const void *address) { \
    luthier_schar##lanes narrow;                                            \
    __builtin_memcpy(&narrow, address, lanes);                              \
    return __builtin_convertvector(narrow, luthier_float##lanes);           \
  }

#define LUTHIER_FROM_U8(lanes)                                              \
  LUTHIER_WIDEN luthier_float##lanes luthier_from_u8_x##lanes(const void *address) { \
    luthier_uchar##lanes narrow;                                            \
    __builtin_memcpy(&narrow, address, lanes);                              \
    return __builtin_convertvector(__builtin_convertvector(narrow, luthier_int##lanes), luthier_float##lanes); \
  }

// The upper halves of floats.
#define LUTHIER_FROM_BF16(lanes)                                            \
  LUTHIER_WIDEN luthier_float##lanes luthier_from_bf16_x##lanes(const void *address) { \
    luthier_ushort##lanes narrow;                                           \
    __builtin_memcpy(&narrow, address, 2 * lanes);                          \
    return (luthier_float##lanes)(__builtin_convertvector(narrow, luthier_uint##lanes) << 16); \
  }

// Numbers of half precision that are finite, by whole numbers: a subnormal one must not be a subnormal float on the way, which a
// processor that flushes them would lose.
#define LUTHIER_FROM_F16_BY_BITS(lanes)                                     \
  LUTHIER_WIDEN luthier_float##lanes luthier_from_f16_x##lanes(const void *address) { \
    luthier_ushort##lanes narrow;                                           \
    __builtin_memcpy(&narrow, address, 2 * lanes);                          \
    luthier_uint##lanes bits = __builtin_convertvector(narrow, luthier_uint##lanes); \
    luthier_uint##lanes magnitude = bits & 0x7FFF;                          \
    luthier_uint##lanes normal = (magnitude << 13) + 0x38000000;            \
    luthier_uint##lanes small =                                             \
      (luthier_uint##lanes)(__builtin_convertvector((luthier_int##lanes)magnitude, luthier_float##lanes) * 0x1p-24f); \
    luthier_uint##lanes is_small = (luthier_uint##lanes)((luthier_int##lanes)magnitude < 0x0400); \
    return (luthier_float##lanes)((small & is_small) | (normal & ~is_small) | ((bits & 0x8000) << 16)); \
  }

LUTHIER_FROM_S8(4)
LUTHIER_FROM_U8(4)
LUTHIER_FROM_BF16(4)
LUTHIER_FROM_F16_BY_BITS(4)
#if defined(__AVX2__)
LUTHIER_FROM_S8(8)
LUTHIER_FROM_U8(8)
LUTHIER_FROM_BF16(8)
#if defined(__F16C__)
LUTHIER_WIDEN luthier_float8 luthier_from_f16_x8(const void *address) {
  typedef _Float16 half8 __attribute__((ext_vector_type(8)));
  half8 narrow;
  __builtin_memcpy(&narrow, address, 16);
  return __builtin_convertvector(narrow, luthier_float8);
}
#endif
#endif
#if defined(__AVX512F__)
LUTHIER_FROM_S8(16)
LUTHIER_FROM_U8(16)
LUTHIER_FROM_BF16(16)
LUTHIER_WIDEN luthier_float16 luthier_from_f16_x16(const void *address) {
  typedef _Float16 half16 __attribute__((ext_vector_type(16)));
  half16 narrow;
  __builtin_memcpy(&narrow, address, 32);
  return __builtin_convertvector(narrow, luthier_float16);
}
#endif
