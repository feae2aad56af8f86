/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The composer: part of the command, not of the agent.
 */
#define _GNU_SOURCE
#include "image/image.h"
#include "image/pack.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

/* The agent's ELF file, embedded by image/embed.S. */
extern const unsigned char agent_elf[], agent_elf_end[];

/* What is composed. */
struct parts {
	const unsigned char *agent; /* an ELF file, in memory */
	size_t agent_size;
	const struct image_data *data;
};

/* Write it all: short writes happen on full file systems only, and then the next one says why. */
static int write_all(int fd, const void *data, size_t size, size_t offset)
{
	while (size) {
		ssize_t done = pwrite(fd, data, size, (off_t)offset);

		if (done < 0)
			return -errno;
		data = (const char *)data + done;
		offset += (size_t)done;
		size -= (size_t)done;
	}
	return 0;
}

/* Where the image data goes in the file: behind the agent, at its address's place in a page. */
static size_t data_offset(const struct parts *parts)
{
	return ALIGN_UP(parts->agent_size, 0x1000ul);
}

/* The segment of the image data in an agent's file: one the linker script left empty, or that of an image. */
static bool is_for_data(const Elf64_Phdr *segment)
{
	return segment->p_type == PT_NULL || (segment->p_type == PT_LOAD && segment->p_vaddr == IMAGE_DATA_ADDRESS);
}

/* Write the program header of the image data, a segment of SIZE bytes. */
static int write_data_header(int fd, const struct parts *parts, size_t size)
{
	const Elf64_Ehdr *header = (const void *)parts->agent;
	const Elf64_Phdr *segments = (const void *)(parts->agent + header->e_phoff);
	Elf64_Phdr segment = {
		.p_type = PT_LOAD,
		.p_flags = PF_R,
		.p_offset = data_offset(parts),
		.p_vaddr = IMAGE_DATA_ADDRESS,
		.p_paddr = IMAGE_DATA_ADDRESS,
		.p_filesz = size,
		.p_memsz = size,
		.p_align = 0x1000,
	};

	for (unsigned int i = 0; i < header->e_phnum; i++)
		if (is_for_data(&segments[i]))
			return write_all(fd, &segment, sizeof(segment), header->e_phoff + i * sizeof(segment));
	return -ENOEXEC;
}

static int fill(int fd, const struct parts *parts)
{
	const struct image_data *data = parts->data;
	size_t size = sizeof(*data) + data->view.size - sizeof(data->view);
	int status = write_all(fd, parts->agent, parts->agent_size, 0);

	if (!status)
		status = write_data_header(fd, parts, size);
	return status ? status : write_all(fd, data, size, data_offset(parts));
}

/* The name shows in /proc/PID/exe on the host; agent/proc.c knows it. */
static int open_memfd(void)
{
	int fd = memfd_create("proot", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("proot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

/*
 * A file that is written can't be executed, so the temporary one is opened
 * again for reading through /proc before the writer is closed.
 */
static int open_temporary(const struct parts *parts, const char *directory)
{
	char path[64];
	int writer = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0700), reader, status;

	if (writer < 0)
		return -errno;
	status = fill(writer, parts);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", writer);
	reader = status ? status : open(path, O_RDONLY | O_CLOEXEC);
	if (reader < 0 && !status)
		reader = -errno;
	close(writer);
	return reader;
}

/* vm.memfd_noexec=2 (Linux 6.3) refuses the memfd itself; =1 without MFD_EXEC makes it not executable. */
static int compose_memfd(const struct parts *parts)
{
	int fd = open_memfd(), status;
	struct stat file;

	if (fd < 0)
		return fd;
	status = fill(fd, parts);
	if (!status && (fstat(fd, &file) || !(file.st_mode & S_IXUSR)))
		status = -EACCES;
	if (status) {
		close(fd);
		return status;
	}
	fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	return fd;
}

/*
 * RLIMIT_FSIZE is meant for the command. The soft limit is lifted while the image
 * is written; over the hard one it is EFBIG, without the signal.
 */
static void lift_limit(struct rlimit *limit, struct sigaction *action)
{
	struct sigaction ignored = { .sa_handler = SIG_IGN };
	struct rlimit lifted;

	getrlimit(RLIMIT_FSIZE, limit);
	lifted = (struct rlimit){ limit->rlim_max, limit->rlim_max };
	setrlimit(RLIMIT_FSIZE, &lifted);
	sigaction(SIGXFSZ, &ignored, action);
}

static void restore_limit(const struct rlimit *limit, const struct sigaction *action)
{
	setrlimit(RLIMIT_FSIZE, limit);
	sigaction(SIGXFSZ, action, NULL);
}

static int compose(const struct parts *parts)
{
	const char *temporary = getenv("TMPDIR"), *chosen = parts->data->temporary;
	struct sigaction action;
	struct rlimit limit;
	int fd;

	lift_limit(&limit, &action);
	fd = compose_memfd(parts);
	if (fd < 0 && fd != -EFBIG)
		fd = open_temporary(parts, chosen[0] && !parts->data->depth ? chosen : temporary ? temporary : "/tmp");
	restore_limit(&limit, &action);
	return fd;
}

/* The agent in the image FD lies in front of the image data. It stays mapped. */
static int map_agent(int fd, struct parts *parts)
{
	struct stat file;
	const unsigned char *image;
	const Elf64_Phdr *segments;

	if (fstat(fd, &file))
		return -errno;
	image = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (image == MAP_FAILED)
		return -errno;
	segments = (const void *)(image + ((const Elf64_Ehdr *)(const void *)image)->e_phoff);
	for (unsigned int i = 0; i < ((const Elf64_Ehdr *)(const void *)image)->e_phnum; i++)
		if (is_for_data(&segments[i]))
			parts->agent_size = segments[i].p_offset;
	parts->agent = image;
	return parts->agent_size ? 0 : -ENOEXEC;
}

/* The command's own, which may be packed. It stays in memory. */
static int take_agent(struct parts *parts)
{
	size_t size = (size_t)(agent_elf_end - agent_elf);
	unsigned char *unpacked;

	parts->agent = agent_elf;
	parts->agent_size = size;
	if (!pack_is_packed(agent_elf, size))
		return 0;
	parts->agent_size = pack_size(agent_elf, size);
	parts->agent = unpacked = malloc(parts->agent_size);
	if (!unpacked)
		return -ENOMEM;
	if (!pack_unpack(agent_elf, size, unpacked))
		return -ENOEXEC;
	pack_restore(unpacked, parts->agent_size);
	return 0;
}

int image_compose(const struct image_data *data, int outer_fd)
{
	struct parts parts = { .data = data };
	int status = outer_fd >= 0 ? map_agent(outer_fd, &parts) : take_agent(&parts);

	return status ? status : compose(&parts);
}
