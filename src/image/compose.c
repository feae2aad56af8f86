/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The composer: part of the command, not of the agent.
 */
#define _GNU_SOURCE
#include "image/image.h"
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
static size_t data_offset(void)
{
	return ALIGN_UP((size_t)(agent_elf_end - agent_elf), 0x1000ul);
}

/* Write the program header the linker script left empty, as a segment of SIZE bytes. */
static int write_data_header(int fd, size_t size)
{
	const Elf64_Ehdr *header = (const void *)agent_elf;
	const Elf64_Phdr *segments = (const void *)(agent_elf + header->e_phoff);
	Elf64_Phdr segment = {
		.p_type = PT_LOAD,
		.p_flags = PF_R,
		.p_offset = data_offset(),
		.p_vaddr = IMAGE_DATA_ADDRESS,
		.p_paddr = IMAGE_DATA_ADDRESS,
		.p_filesz = size,
		.p_memsz = size,
		.p_align = 0x1000,
	};

	for (unsigned int i = 0; i < header->e_phnum; i++)
		if (segments[i].p_type == PT_NULL)
			return write_all(fd, &segment, sizeof(segment), header->e_phoff + i * sizeof(segment));
	return -ENOEXEC;
}

static int fill(int fd, const struct image_data *data)
{
	size_t size = sizeof(*data) + data->view.size - sizeof(data->view);
	int status = write_all(fd, agent_elf, (size_t)(agent_elf_end - agent_elf), 0);

	if (!status)
		status = write_data_header(fd, size);
	return status ? status : write_all(fd, data, size, data_offset());
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
static int open_temporary(const struct image_data *data, const char *directory)
{
	char path[64];
	int writer = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0700), reader, status;

	if (writer < 0)
		return -errno;
	status = fill(writer, data);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", writer);
	reader = status ? status : open(path, O_RDONLY | O_CLOEXEC);
	if (reader < 0 && !status)
		reader = -errno;
	close(writer);
	return reader;
}

/* vm.memfd_noexec=2 (Linux 6.3) refuses the memfd itself; =1 without MFD_EXEC makes it not executable. */
static int compose_memfd(const struct image_data *data)
{
	int fd = open_memfd(), status;
	struct stat file;

	if (fd < 0)
		return fd;
	status = fill(fd, data);
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

int image_compose(const struct image_data *data)
{
	const char *temporary = getenv("TMPDIR");
	struct sigaction action;
	struct rlimit limit;
	int fd;

	lift_limit(&limit, &action);
	fd = compose_memfd(data);
	if (fd < 0 && fd != -EFBIG)
		fd = open_temporary(data, data->temporary[0] ? data->temporary : temporary ? temporary : "/tmp");
	restore_limit(&limit, &action);
	return fd;
}
