/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading ELF files of this CPU: header and program headers, a block at a time.
 */
#ifndef IMAGE_ELF_H
#define IMAGE_ELF_H

#include "base/base.h"
#include <linux/elf.h>

#define ELF_SEGMENTS_MOST (65536 / sizeof(Elf64_Phdr)) /* load_elf_phdrs(), fs/binfmt_elf.c */
#define ELF_BLOCK 16
/* Of a file's beginning, as much as holds the header, a block and the interpreter's name in most files. */
#define ELF_HEAD_SIZE 1024

/* pread(2): bytes read or a negative errno. */
typedef long elf_read(int fd, void *buf, size_t size, uint64_t offset);

struct elf {
	int fd;
	elf_read *read;
	Elf64_Ehdr header;
	unsigned int block_start;
	unsigned int block_count; /* segments in BLOCK */
	Elf64_Phdr block[ELF_BLOCK];
};

/*
 * Begin with the header in HEAD, SIZE bytes of the file's beginning: what lies
 * in there is not read again. -ENOEXEC when it is no ELF program of this CPU's
 * machine and class.
 */
long elf_init(struct elf *elf, int fd, elf_read *read, const void *head, size_t size);
/* Program header INDEX, valid until the next call; NULL behind the last or when it can't be read. */
const Elf64_Phdr *elf_segment(struct elf *elf, unsigned int index);
/* The e_machine and EI_CLASS of an ELF file of any CPU; false when HEAD is none. */
bool elf_identify(const void *head, size_t size, uint16_t *machine, uint8_t *class);

#endif
