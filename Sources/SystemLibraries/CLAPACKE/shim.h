// The one routine of LAPACKE that Luthier calls, declared here because <lapacke.h> needs C's complex types.
#pragma once
#include <stdint.h>

// Singular value decomposition of a general m × n matrix (LAPACK Users' Guide, section 2.4.5.3).
int32_t LAPACKE_dgesdd(int layout, char jobz, int32_t m, int32_t n, double *a, int32_t lda, double *s, double *u,
                       int32_t ldu, double *vt, int32_t ldvt);
