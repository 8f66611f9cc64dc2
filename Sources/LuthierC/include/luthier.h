/* Luthier's C interface: load a network with a tuned profile, run it, free it.
 *
 * Link with -lLuthierC. All tensors are dense row-major arrays of 32-bit floats, [N, C, H, W] for pictures. Functions
 * that can fail return 0 or NULL on success as documented and leave a one-line text for luthier_error().
 *
 * A network may be used by any number of threads at once: each run works in memory of its own.
 */
#ifndef LUTHIER_H
#define LUTHIER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Counts up when a function below changes; functions are never removed within one major version. */
#define LUTHIER_C_ABI_VERSION 1

/* The LUTHIER_C_ABI_VERSION that the library was built with. */
int32_t luthier_abi_version(void);

/* A network that is ready to run. */
typedef struct luthier_network luthier_network;

/* How a network is loaded. Zeros and NULLs everywhere mean the defaults. What is out of range, or other than what the model
 * fixes, is an error that names it. */
typedef struct {
  int32_t threads;           /* 1 to 1024; 0 means 1 */
  const char *profile;       /* a database file with a tuned profile, or a folder, which has to be there; NULL: where tune writes */
  int32_t batch;             /* pictures in a run, where the model leaves it open; 0 means 1 */
  int32_t height, width;     /* rows and columns, where the model leaves them open, both or none; 0: 224 for named networks */
  int32_t channels_last;     /* nonzero: pictures come as [N, H, W, C] */
} luthier_options;

/* Loads an ONNX file, or a network of the catalog by its name ("shufflenet_v2_x1_0") with weights from a seed.
 * NULL on failure. options may be NULL. */
luthier_network *luthier_load(const char *model, const luthier_options *options);

/* How many inputs and outputs the network has. */
int32_t luthier_input_count(const luthier_network *network);
int32_t luthier_output_count(const luthier_network *network);

/* The name of an input or output; NULL if there is none of that index. Valid until the network is freed. */
const char *luthier_input_name(const luthier_network *network, int32_t index);
const char *luthier_output_name(const luthier_network *network, int32_t index);

/* Writes at most capacity sizes to shape and returns the rank; -1 if there is none of that index. */
int32_t luthier_input_shape(const luthier_network *network, int32_t index, int64_t *shape, int32_t capacity);
int32_t luthier_output_shape(const luthier_network *network, int32_t index, int64_t *shape, int32_t capacity);

/* Runs the network once: inputs[i] is read, outputs[i] is written, each as many floats as its shape has.
 * Allocates nothing after the first call on a thread. 0 on success, -1 on failure. */
int32_t luthier_run(luthier_network *network, const float *const *inputs, float *const *outputs);

/* Why the last call on this thread failed; never NULL. Valid until the next call on this thread. */
const char *luthier_error(void);

/* Frees the network; no run may be under way. NULL is allowed. */
void luthier_free(luthier_network *network);

#ifdef __cplusplus
}
#endif
#endif
