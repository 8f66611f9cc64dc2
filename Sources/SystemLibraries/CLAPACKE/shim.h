// The one routine of LAPACKE that Luthier calls, declared here because <lapacke.h> needs C's complex types.
#pragma once
#include <stdint.h>

// All eigenvalues, in ascending order, and eigenvectors of a symmetric matrix (LAPACK Users' Guide, section 2.4.4).
int32_t LAPACKE_dsyevd(int layout, char jobz, char uplo, int32_t n, double *a, int32_t lda, double *w);
