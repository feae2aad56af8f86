/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layers: few names, so that much is in several of them. A whiteout is made
 * only where there is something below that it hides, as overlayfs does.
 *
 * With OVERLAY_BY_ATTRIBUTE in the environment whiteouts of lower layers are files with an attribute. Those are only
 * looked at: the kernel shows a directory that has nothing else as empty, and will not remove it
 * (ovl_check_empty_dir() does not ask, Linux 6.18).
 *
 * What lies in a lower layer is readable to its owner: the kernel copies a file as
 * who has mounted, and a user can't copy what it may not read.
 */
#define _GNU_SOURCE
#include "layers.h"
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

struct node nodes[NODES_MOST];
int node_count;
struct binding bindings[BINDINGS_MOST];
int binding_count;
int layer_count;

/* Of the node of the same number. */
static struct mark {
	bool is_whiteout;
	bool is_by_attribute; /* the whiteout is a file with an attribute */
	bool is_opaque;
	int linked_to;	   /* a file with more than one name: the node that has the first; or -1 */
	unsigned int size; /* bytes behind the text of a file */
} marks[NODES_MOST];

static int find(int layer, const char *path)
{
	for (int i = 0; i < node_count; i++)
		if (nodes[i].tree == layer && !strcmp(nodes[i].path, path))
			return i;
	return -1;
}

/* Of the layers in BITS, those whose directories make up PATH, where each has its parent. */
static unsigned int merge(unsigned int bits, const char *path)
{
	unsigned int found = 0;

	for (int layer = 0; layer < layer_count; layer++) {
		int at = bits & 1u << layer ? find(layer, path) : -1;

		if (at < 0)
			continue;
		if (marks[at].is_whiteout || nodes[at].type != NODE_DIRECTORY)
			break;
		found |= 1u << layer;
		if (marks[at].is_opaque)
			break;
	}
	return found;
}

/* Whether the layers below LAYER show something at PATH, through the directories of LAYER. */
static bool is_below(int layer, const char *path)
{
	unsigned int bits = ~0u << layer;
	char above[256];

	for (const char *slash = strchr(path + strlen(PLACE) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path);
		bits = merge(bits, above);
	}
	for (int lower = layer + 1; lower < layer_count; lower++) {
		int at = bits & 1u << lower ? find(lower, path) : -1;

		if (at >= 0)
			return !marks[at].is_whiteout;
	}
	return false;
}

/* Whether the overlay has a directory there, and none above that is closed. */
static bool is_directory(const char *path)
{
	unsigned int bits = ~0u;
	char above[256];

	for (const char *end = path + strlen(PLACE); end; end = *end ? strchr(end + 1, '/') : NULL) {
		if (end == path + strlen(PLACE))
			continue;
		snprintf(above, sizeof(above), "%.*s", (int)(end - path), path);
		bits = merge(bits, above);
	}
	bits = merge(bits, path);
	for (int i = 0; i < node_count; i++)
		if (!strncmp(nodes[i].path, path, strlen(nodes[i].path)) && !(nodes[i].mode & 0100))
			return false;
	return bits;
}

static mode_t imagine_mode(int layer, bool is_directory)
{
	static const mode_t files[] = { 0644, 0644, 0600, 0755, 0444, 0555, 04755, 0777, 0640, 02755, 0000, 0222 };
	static const mode_t directories[] = { 0755, 0755, 0755, 0755, 0755, 0755,  0700, 0755,
					      0755, 0777, 0755, 0555, 0755, 02755, 0300, 01777 };
	uint32_t lowers = is_directory ? 14 : 10;
	uint32_t all = is_directory ? sizeof(directories) / sizeof(mode_t) : sizeof(files) / sizeof(mode_t);
	uint32_t number = random_below(layer ? lowers : all);

	return is_directory ? directories[number] : files[number];
}

static void imagine_target(struct node *node)
{
	static const char *const targets[] = { "a",  "b",     "../a",  "../b/c", "..",	"a/b", PLACE "/a", PLACE "/b/c",
					       "/a", "/b/..", "../..", "c/",	 "./d", "x",   "/x/y",	   PLACE };

	if (random_chance(40))
		snprintf(node->target, sizeof(node->target), "%s", nodes[random_below((uint32_t)node_count)].path);
	else
		strcpy(node->target, targets[random_below(sizeof(targets) / sizeof(*targets))]);
}

static int add(int layer, const char *path, enum node_type type)
{
	struct node *node = &nodes[node_count];

	*node = (struct node){ .type = type, .tree = layer, .is_owned = true };
	marks[node_count] = (struct mark){ .linked_to = -1 };
	snprintf(node->path, sizeof(node->path), "%s", path);
	node->mode = imagine_mode(layer, type == NODE_DIRECTORY);
	node->has_attribute = (type == NODE_DIRECTORY || type == NODE_FILE) && random_chance(25);
	if (type == NODE_PROGRAM || type == NODE_SCRIPT)
		node->mode = 0755;
	if (type == NODE_LINK || type == NODE_SCRIPT)
		imagine_target(node);
	return node_count++;
}

static enum node_type imagine_type(void)
{
	unsigned int number = random_below(100);

	return number < 45 ? NODE_DIRECTORY :
	       number < 75 ? NODE_FILE :
	       number < 86 ? NODE_LINK :
	       number < 89 ? NODE_FIFO :
	       number < 92 ? NODE_SOCKET :
	       number < 97 ? NODE_PROGRAM :
			     NODE_SCRIPT;
}

/* Another name of a file of the same layer, if there is one. */
static void imagine_link(int at)
{
	int other = (int)random_below((uint32_t)node_count);

	if (other == at || nodes[other].tree != nodes[at].tree || nodes[other].type != NODE_FILE ||
	    marks[other].is_whiteout || marks[other].linked_to >= 0)
		return;
	marks[at].linked_to = other;
}

static void imagine_marks(int layer, int at)
{
	static const unsigned int sizes[] = { 0, 0, 0, 10, 4096, 70000, 300000 };

	if (nodes[at].type == NODE_DIRECTORY && layer != OUTSIDE)
		marks[at].is_opaque = random_chance(12);
	if (nodes[at].type != NODE_FILE)
		return;
	marks[at].size = sizes[random_below(sizeof(sizes) / sizeof(*sizes))];
	if (random_chance(20))
		imagine_link(at);
}

/* What is above PATH, in LAYER: false if that can't be. */
static bool add_parents(int layer, const char *path)
{
	char above[256];

	for (const char *slash = strchr(path + strlen(PLACE) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int at;

		snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path);
		at = find(layer, above);
		if (at < 0 && node_count < NODES_MOST - 10)
			at = add(layer, above, NODE_DIRECTORY);
		if (at < 0 || nodes[at].type != NODE_DIRECTORY || marks[at].is_whiteout)
			return false;
	}
	return true;
}

/* A place in some directory, often one that another layer has. */
static void imagine_path(int layer, char *path)
{
	const struct node *other = node_count ? &nodes[random_below((uint32_t)node_count)] : NULL;

	if (other && other->tree != OUTSIDE && random_chance(30))
		strcpy(path, other->path);
	else if (other && other->type == NODE_DIRECTORY && other->tree != OUTSIDE && strlen(other->path) < 10)
		sprintf(path, "%.200s/%c", other->path, 'a' + random_below(6));
	else
		sprintf(path, "%s/%c", layer == OUTSIDE ? "" : PLACE, 'a' + random_below(6));
}

static void imagine_one(int layer)
{
	char path[256];
	int at;

	imagine_path(layer, path);
	if (node_count >= NODES_MOST - 10 || find(layer, path) >= 0 || !add_parents(layer, path))
		return;
	if (is_below(layer, path) && random_chance(25)) {
		at = add(layer, path, NODE_FILE);
		marks[at].is_whiteout = true;
		marks[at].is_by_attribute = layer && getenv("OVERLAY_BY_ATTRIBUTE");
		nodes[at].has_attribute = false;
		return;
	}
	at = add(layer, path, imagine_type());
	imagine_marks(layer, at);
}

/* Something else is mounted on a directory that the overlay shows. */
static void imagine_binding(void)
{
	const struct node *node = &nodes[random_below((uint32_t)node_count)];
	struct binding *binding = &bindings[binding_count];

	if (node->type != NODE_DIRECTORY || node->tree == OUTSIDE || !is_directory(node->path))
		return;
	strcpy(binding->guest, node->path);
	binding_count++;
}

void layers_imagine(void)
{
	layer_count = 2 + (int)random_below(LAYERS_MOST - 1);
	for (int layer = layer_count - 1; layer >= 0; layer--)
		for (int i = 8 + (int)random_below(layer ? 40 : 24); i >= 0; i--)
			imagine_one(layer);
	for (int i = 0; i < 3; i++) {
		char path[8];

		snprintf(path, sizeof(path), "/%c", 'a' + i);
		imagine_marks(OUTSIDE, add(OUTSIDE, path, i == 2 ? NODE_LINK : (enum node_type)i));
	}
	/* So that nobody closes it, or takes it away. */
	strcpy(bindings[0].guest, PLACE "/.");
	binding_count = 1;
	if (random_chance(25))
		imagine_binding();
}

/* Where the layer is on the host. */
static const char *layer_name(int layer)
{
	static char name[16];

	if (layer == OUTSIDE)
		return "root";
	if (layer == 0)
		return UPPER_NAME;
	snprintf(name, sizeof(name), "lower%d", layer);
	return name;
}

static void host_place(const char *directory, const struct node *node, char *buf)
{
	snprintf(buf, PATH_MAX, "%s/%s%s", directory, layer_name(node->tree),
		 node->path + (node->tree == OUTSIDE ? 0 : strlen(PLACE)));
}

static void copy_file(const char *from, const char *to)
{
	static char block[1 << 16];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0755);
	ssize_t size;

	if (in < 0 || out < 0)
		err(1, "copy %s to %s", from, to);
	while ((size = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)size) != size)
			err(1, "%s", to);
	close(in);
	close(out);
}

/* Half of what is behind the text is a hole. */
static void write_text(const char *path, const char *text, int number)
{
	FILE *file = fopen(path, "wx");

	if (!file)
		err(1, "%s", path);
	fprintf(file, "%s\nfile %d\n", text, number);
	if (marks[number].size)
		fseek(file, (long)marks[number].size / 2, SEEK_CUR);
	for (unsigned int i = 0; i < marks[number].size / 2; i++)
		putc('0' + (int)(i * 7 + (unsigned int)number) % 70, file);
	fclose(file);
}

static void make_socket(char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", strrchr(path, '/') + 1);
	*strrchr(path, '/') = '\0';
	if (chdir(path) || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		err(1, "socket %s", path);
	close(fd);
}

static void mark_attributes(const char *directory)
{
	if (setxattr(directory, "user.overlay.opaque", "x", 1, XATTR_CREATE) && errno != EEXIST)
		err(1, "%s", directory);
}

/*
 * A device 0:0; or an empty file with an attribute, in a directory that says that it has such, of a layer whose top
 * says the same (ovl_path_is_whiteout(), Linux 6.8). TOP is its length in PATH.
 */
static void make_whiteout(const char *path, size_t top, bool is_by_attribute)
{
	char above[PATH_MAX];

	if (!is_by_attribute) {
		if (mknod(path, S_IFCHR, makedev(0, 0)))
			err(1, "%s", path);
		return;
	}
	write_text(path, "", 0);
	if (truncate(path, 0) || setxattr(path, "user.overlay.whiteout", "y", 1, 0))
		err(1, "%s", path);
	snprintf(above, sizeof(above), "%.*s", (int)(strrchr(path, '/') - path), path);
	mark_attributes(above);
	above[top] = '\0';
	mark_attributes(above);
}

static int make_link(const char *directory, int number, const char *path)
{
	char other[PATH_MAX];

	host_place(directory, &nodes[marks[number].linked_to], other);
	return link(other, path);
}

/* The programs of a layer are one file, which a guest may spoil in the upper one. */
static int make_program(const char *directory, int layer, const char *path)
{
	char program[PATH_MAX];

	snprintf(program, sizeof(program), "%s/program%d", directory, layer);
	return link(program, path);
}

static void make_node(const char *directory, int number, const char *without)
{
	const struct node *node = &nodes[number];
	const struct mark *mark = &marks[number];
	char path[PATH_MAX], first_line[330];
	int status = 0;

	host_place(directory, node, path);
	snprintf(first_line, sizeof(first_line), "#!%s", node->target);
	if (mark->is_whiteout) {
		if (strcmp(without, "whiteouts"))
			make_whiteout(path, strlen(directory) + 1 + strlen(layer_name(node->tree)),
				      mark->is_by_attribute);
		return;
	}
	switch (node->type) {
	case NODE_DIRECTORY:
		status = mkdir(path, 0700);
		if (!status && mark->is_opaque && strcmp(without, "opaque"))
			status = setxattr(path, "user.overlay.opaque", "y", 1, 0);
		break;
	case NODE_FILE:
		if (mark->linked_to >= 0)
			status = make_link(directory, number, path);
		else
			write_text(path, "", number);
		break;
	case NODE_SCRIPT:
		write_text(path, number % 3 ? first_line : "#!/bin/hello", number);
		break;
	case NODE_LINK:
		status = symlink(node->target, path);
		break;
	case NODE_FIFO:
		status = mkfifo(path, 0600);
		break;
	case NODE_SOCKET:
		make_socket(strdup(path));
		break;
	case NODE_PROGRAM:
		status = make_program(directory, node->tree, path);
	}
	if (status)
		err(1, "%s", path);
}

/* Owner, mode and a time that tells which object it is. Children first: they change their parent's time. */
static void finish_node(const char *directory, int number, uid_t uid)
{
	const struct node *node = &nodes[number];
	struct timespec times[2] = { { 0 } };
	char path[PATH_MAX];

	host_place(directory, node, path);
	if (node->type == NODE_PROGRAM || marks[number].linked_to >= 0 || marks[number].is_whiteout)
		return;
	times[0].tv_sec = times[1].tv_sec = 1000 + number;
	if (lchown(path, uid, uid) || (node->has_attribute && setxattr(path, "user.a", "value", 5, 0)) ||
	    (node->type != NODE_LINK && chmod(path, node->mode)) ||
	    utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW))
		err(1, "%s", path);
}

static const char *below(const char *directory, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755))
		err(1, "%s", path);
}

static void make_root(const char *directory, const char *programs)
{
	static const char *const names[] = { "hello", "overlay" };
	char from[PATH_MAX], to[PATH_MAX];

	make_directory(below(directory, "root"));
	make_directory(below(directory, "root/bin"));
	make_directory(below(directory, "root/proc"));
	make_directory(below(directory, "root" PLACE));
	for (int i = 0; i < 2; i++) {
		snprintf(from, sizeof(from), "%s/%s", programs, names[i]);
		snprintf(to, sizeof(to), "%s/root/bin/%s", directory, names[i]);
		copy_file(from, to);
	}
}

static void make_layer(const char *directory, int layer, const char *programs, uid_t uid)
{
	const struct timespec times[2] = { { .tv_sec = 899 }, { .tv_sec = 899 } };
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/hello", programs);
	snprintf(to, sizeof(to), "%s/program%d", directory, layer);
	copy_file(from, to);
	if (chown(to, uid, uid) || utimensat(AT_FDCWD, to, times, 0))
		err(1, "%s", to);
	make_directory(below(directory, layer_name(layer)));
}

static void finish_top(const char *directory, int layer, uid_t uid)
{
	const struct timespec times[2] = { { .tv_sec = 900 + layer }, { .tv_sec = 900 + layer } };
	const char *path = below(directory, layer_name(layer));

	if (lchown(path, uid, uid) || utimensat(AT_FDCWD, path, times, 0))
		err(1, "%s", path);
}

/* What is beside the layers. */
static void make_beside(const char *directory, uid_t uid)
{
	static const char *const names[] = { "work", BOUND_NAME, BOUND_NAME "/a", BOUND_NAME "/b" };

	for (int i = 0; i < 3; i++)
		make_directory(below(directory, names[i]));
	write_text(below(directory, names[3]), "bound", 0);
	for (int i = 0; i < 4; i++)
		if (chown(below(directory, names[i]), uid, uid))
			err(1, "%s", names[i]);
}

void layers_make(const char *directory, uid_t uid, const char *programs, const char *without)
{
	umask(0);
	make_root(directory, programs);
	for (int i = 0; i < layer_count; i++)
		make_layer(directory, i, programs, uid);
	for (int i = 0; i < node_count; i++)
		make_node(directory, i, without);
	for (int i = node_count; i-- > 0;)
		finish_node(directory, i, uid);
	for (int i = 0; i < layer_count; i++)
		finish_top(directory, i, uid);
	finish_top(directory, OUTSIDE, uid);
	make_beside(directory, uid);
}
