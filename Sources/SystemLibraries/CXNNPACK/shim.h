#pragma once
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <xnnpack.h>

// <link.h> has these only for _GNU_SOURCE, which Swift's module of the C library does not set: with it, types of both would differ.
struct luthier_object {
  ElfW(Addr) dlpi_addr;
  const char *dlpi_name;
  const ElfW(Phdr) *dlpi_phdr;
  ElfW(Half) dlpi_phnum;
};
int luthier_for_each_object(int (*visit)(struct luthier_object *, size_t, void *), void *data) __asm__("dl_iterate_phdr");

// XNNPACK tells no version. The linker has given its file an identity, a note of type NT_GNU_BUILD_ID.
struct luthier_build_identity {
  uintptr_t address;
  unsigned char bytes[20];
  int count;
};

static inline int luthier_read_identity(struct luthier_object *info, size_t size, void *data) {
  struct luthier_build_identity *identity = (struct luthier_build_identity *)data;
  int is_here = 0;
  for (int index = 0; index < info->dlpi_phnum; index++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[index];
    uintptr_t start = info->dlpi_addr + part->p_vaddr;
    is_here |= part->p_type == PT_LOAD && identity->address - start < part->p_memsz;
  }
  for (int index = 0; is_here && index < info->dlpi_phnum; index++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[index];
    if (part->p_type != PT_NOTE) continue;
    const char *note = (const char *)(info->dlpi_addr + part->p_vaddr), *end = note + part->p_memsz;
    while (end - note >= (long)sizeof(ElfW(Nhdr))) {
      const ElfW(Nhdr) *head = (const ElfW(Nhdr) *)note;
      const char *name = note + sizeof *head, *content = name + (head->n_namesz + 3) / 4 * 4;
      if (head->n_type == NT_GNU_BUILD_ID && head->n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
        identity->count = head->n_descsz < sizeof identity->bytes ? (int)head->n_descsz : (int)sizeof identity->bytes;
        memcpy(identity->bytes, content, identity->count);
        return 1;
      }
      note = content + (head->n_descsz + 3) / 4 * 4;
    }
  }
  return is_here;
}

// The identity of the XNNPACK that is linked; a count of 0 where it has none.
static inline struct luthier_build_identity luthier_xnnpack_identity(void) {
  struct luthier_build_identity identity = {(uintptr_t)&xnn_initialize, {0}, 0};
  luthier_for_each_object(luthier_read_identity, &identity);
  return identity;
}
