/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "unpack/manifest.h"

#include "cli/oci.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_INDEX "application/vnd.oci.image.index.v1+json"
#define TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define TYPE_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define TYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define TYPE_LAYER "application/vnd.oci.image.layer."
#define TYPE_DOCKER_LAYER "application/vnd.docker.image.rootfs."

/* An entry of an index. */
struct candidate {
	const json_t *descriptor;
	const char *type, *name, *full_name, *cpu, *variant;
};

static void drop(json_t **json)
{
	json_decref(*json);
}

static json_t *parse(const char *text, size_t length, struct failure *failure)
{
	json_error_t error;
	json_t *json = json_loadb(text, length, 0, &error);

	if (!json)
		failure_set(failure, "line %d: %s", error.line, error.text);
	return json;
}

/* The string KEY of OBJECT, or "" where there is none. */
static const char *string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool is_one_of(const char *text, const char *one, const char *other)
{
	return !strcmp(text, one) || !strcmp(text, other);
}

/* "sha256:HEX" as HEX. */
static int read_digest(const char *text, char hex[SHA256_HEX + 1], struct failure *failure)
{
	const char *at = text + strlen("sha256:");

	if (strncmp(text, "sha256:", strlen("sha256:")))
		return failure_set(failure, "the digest '%.200s' is none of sha256", text);
	if (strlen(at) != SHA256_HEX || strspn(at, "0123456789abcdef") != SHA256_HEX)
		return failure_set(failure, "the digest '%.200s' is malformed", text);
	strcpy(hex, at);
	return 0;
}

static struct candidate read_candidate(const json_t *descriptor)
{
	const json_t *platform = json_object_get(descriptor, "platform");
	const json_t *annotations = json_object_get(descriptor, "annotations");

	return (struct candidate){
		.descriptor = descriptor,
		.type = string_of(descriptor, "mediaType"),
		.name = string_of(annotations, "org.opencontainers.image.ref.name"),
		.full_name = string_of(annotations, "io.containerd.image.name"),
		.cpu = string_of(platform, "architecture"),
		.variant = string_of(platform, "variant"),
	};
}

/* What an index has beside images: statements about them. */
static bool is_remark(const json_t *descriptor)
{
	const json_t *annotations = json_object_get(descriptor, "annotations");

	return !strcmp(string_of(json_object_get(descriptor, "platform"), "os"), "unknown") ||
	       *string_of(annotations, "vnd.docker.reference.type");
}

static bool has_name(const struct candidate *candidate, const char *name)
{
	return !strcmp(candidate->name, name) || !strcmp(candidate->full_name, name);
}

static const char *best_name(const struct candidate *candidate)
{
	return *candidate->full_name ? candidate->full_name : candidate->name;
}

/* Move those of LIST that IS_WANTED says are wanted to its beginning: how many. */
static size_t keep(struct candidate *list, size_t count, const char *wish,
		   bool is_wanted(const struct candidate *candidate, const char *wish))
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (is_wanted(&list[i], wish)) {
			struct candidate wanted = list[i];

			list[i] = list[kept];
			list[kept++] = wanted;
		}
	return kept;
}

/* What the candidates are called by TELL, each once, in BUF. */
static void list_all(const struct candidate *list, size_t count, const char *tell(const struct candidate *candidate),
		     char *buf, size_t size)
{
	size_t length = 0;

	*buf = '\0';
	for (size_t i = 0; i < count && length < size; i++) {
		const char *text = tell(&list[i]);
		bool is_new = true;

		for (size_t j = 0; j < i && is_new; j++)
			is_new = strcmp(tell(&list[j]), text) != 0;
		if (is_new)
			length += (size_t)snprintf(buf + length, size - length, "%s%s", length ? ", " : "",
						   *text ? text : "(none)");
	}
}

static const char *tell_cpu(const struct candidate *candidate)
{
	return candidate->cpu;
}

static bool is_for_cpu(const struct candidate *candidate, const char *cpu)
{
	return !strcmp(candidate->cpu, cpu);
}

/* Whether all of them are called the same. */
static bool are_one(const struct candidate *list, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (strcmp(best_name(&list[0]), best_name(&list[i])) != 0)
			return false;
	return true;
}

/* A QEMU for arm runs what is for any of them. Of others the plainest is that which every machine runs. */
static const struct candidate *choose_variant(const struct candidate *list, size_t count, const char *cpu)
{
	const struct candidate *best = list;

	for (size_t i = 1; i < count; i++) {
		int order = strcmp(list[i].variant, best->variant);

		if (strcmp(cpu, "arm") ? order < 0 : order > 0)
			best = &list[i];
	}
	return best;
}

/* Say WHAT, with what there is. */
static const struct candidate *fail_to_choose(const struct candidate *list, size_t count, const char *what,
					      const char *tell(const struct candidate *candidate),
					      struct failure *failure)
{
	char names[600];

	list_all(list, count, tell, names, sizeof(names));
	failure_set(failure, "%s", names);
	failure_add(failure, "%s", what);
	return NULL;
}

static const struct candidate *choose(struct candidate *list, size_t count, const struct manifest_wish *wish,
				      struct failure *failure)
{
	size_t named = wish->name ? keep(list, count, wish->name, has_name) : count, fitting;
	char what[200];

	if (!named) {
		snprintf(what, sizeof(what), "it has no image called '%.100s', but", wish->name);
		return fail_to_choose(list, count, what, best_name, failure);
	}
	if (!wish->name && !are_one(list, named))
		return fail_to_choose(list, named, "it has several images, and --oci=NAME says which is meant",
				      best_name, failure);
	if (named == 1)
		return list;
	fitting = keep(list, named, wish->cpu, is_for_cpu);
	if (fitting)
		return choose_variant(list, fitting, wish->cpu);
	snprintf(what, sizeof(what), "it has no image for the CPU %.30s (-q names another), but for", wish->cpu);
	return fail_to_choose(list, named, what, tell_cpu, failure);
}

static int choose_of(const json_t *manifests, const struct manifest_wish *wish, struct candidate *chosen,
		     struct failure *failure)
{
	struct candidate *list = calloc(json_array_size(manifests) + 1, sizeof(*list));
	const struct candidate *found;
	size_t index, count = 0;
	json_t *descriptor;

	if (!list)
		return failure_set(failure, "out of memory");
	json_array_foreach(manifests, index, descriptor) if (!is_remark(descriptor)) list[count++] =
		read_candidate(descriptor);
	if (!count)
		failure_set(failure, "it has no image");
	found = count ? choose(list, count, wish, failure) : NULL;
	if (found)
		*chosen = *found;
	free(list);
	return found ? 0 : -1;
}

int manifest_choose(const char *text, size_t length, const struct manifest_wish *wish, struct manifest_part *part,
		    bool *is_index, struct failure *failure)
{
	json_t *json __attribute__((cleanup(drop))) = parse(text, length, failure);
	struct candidate chosen = { .descriptor = NULL };

	*part = (struct manifest_part){ .name = NULL };
	if (!json)
		return -1;
	if (choose_of(json_object_get(json, "manifests"), wish, &chosen, failure))
		return -1;
	*is_index = is_one_of(chosen.type, TYPE_INDEX, TYPE_DOCKER_INDEX);
	if (!*is_index && *chosen.type && !is_one_of(chosen.type, TYPE_MANIFEST, TYPE_DOCKER_MANIFEST))
		return failure_set(failure, "the media type '%.200s' is not that of an image", chosen.type);
	return read_digest(string_of(chosen.descriptor, "digest"), part->digest, failure);
}

static int make_layers(const json_t *layers, struct manifest_image *image, struct failure *failure)
{
	size_t count = json_array_size(layers);

	if (!json_is_array(layers) || count > MANIFEST_LAYERS_MOST)
		return failure_set(failure, json_is_array(layers) ? "it has too many layers" : "it has no layers");
	image->layers = calloc(count + 1, sizeof(*image->layers));
	image->layer_count = image->layers ? count : 0;
	return image->layers ? 0 : failure_set(failure, "out of memory");
}

static int read_layer(const json_t *descriptor, struct manifest_part *part, struct failure *failure)
{
	const char *type = string_of(descriptor, "mediaType");

	if (strncmp(type, TYPE_LAYER, strlen(TYPE_LAYER)) &&
	    strncmp(type, TYPE_DOCKER_LAYER, strlen(TYPE_DOCKER_LAYER)))
		return failure_set(failure, "the media type '%.200s' is not that of a layer", type);
	if (strstr(type, "encrypted"))
		return failure_set(failure, "a layer is encrypted ('%.200s')", type);
	return read_digest(string_of(descriptor, "digest"), part->digest, failure);
}

int manifest_read(const char *text, size_t length, struct manifest_image *image, struct failure *failure)
{
	json_t *json __attribute__((cleanup(drop))) = parse(text, length, failure);
	const json_t *layers = json_object_get(json, "layers");
	const char *config = string_of(json_object_get(json, "config"), "digest");

	*image = (struct manifest_image){ .layers = NULL };
	if (!json || make_layers(layers, image, failure) || read_digest(config, image->config.digest, failure))
		return -1;
	for (size_t i = 0; i < image->layer_count; i++)
		if (read_layer(json_array_get(layers, i), &image->layers[i], failure))
			return -1;
	return 0;
}

static bool is_tagged(const json_t *image, const char *name)
{
	json_t *tag;
	size_t index;

	json_array_foreach(json_object_get(image, "RepoTags"), index,
			   tag) if (json_is_string(tag) && !strcmp(json_string_value(tag), name)) return true;
	return false;
}

/* The image of `docker save` that is wanted; NULL: it is not there. */
static const json_t *choose_docker(const json_t *images, const struct manifest_wish *wish, struct failure *failure)
{
	char names[600] = "";
	size_t index, length = 0;
	json_t *image;

	if (!json_array_size(images))
		failure_set(failure, "it has no image");
	if (json_array_size(images) == 1 && !wish->name)
		return json_array_get(images, 0);
	json_array_foreach(images, index, image)
	{
		const char *tag = json_string_value(json_array_get(json_object_get(image, "RepoTags"), 0));

		if (wish->name && is_tagged(image, wish->name))
			return image;
		if (length < sizeof(names))
			length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s", length ? ", " : "",
						   tag ? tag : "(none)");
	}
	if (json_array_size(images) && wish->name)
		failure_set(failure, "there is no image called '%.100s' in it, but: %s", wish->name, names);
	else if (json_array_size(images))
		failure_set(failure, "it has several images, and --oci=NAME says which is meant: %s", names);
	return NULL;
}

static int copy_name(const json_t *json, struct manifest_part *part, struct failure *failure)
{
	const char *name = json_string_value(json);

	if (!name || !*name)
		return failure_set(failure, "a part of it has no name");
	part->name = strdup(name);
	return part->name ? 0 : failure_set(failure, "out of memory");
}

int manifest_read_docker(const char *text, size_t length, const struct manifest_wish *wish,
			 struct manifest_image *image, struct failure *failure)
{
	json_t *json __attribute__((cleanup(drop))) = parse(text, length, failure);
	const json_t *chosen = json ? choose_docker(json, wish, failure) : NULL;
	const json_t *layers = json_object_get(chosen, "Layers");

	*image = (struct manifest_image){ .layers = NULL };
	if (!chosen || make_layers(layers, image, failure) ||
	    copy_name(json_object_get(chosen, "Config"), &image->config, failure))
		return -1;
	for (size_t i = 0; i < image->layer_count; i++)
		if (copy_name(json_array_get(layers, i), &image->layers[i], failure))
			return -1;
	return 0;
}

/* What `docker save` names carries no digest, but the configuration has one of each layer. */
static int read_plain(const json_t *config, struct manifest_image *image, struct failure *failure)
{
	const json_t *digests = json_object_get(json_object_get(config, "rootfs"), "diff_ids");

	if (json_array_size(digests) != image->layer_count)
		return failure_set(failure, "it has %zu layers, and its configuration digests of %zu",
				   image->layer_count, json_array_size(digests));
	for (size_t i = 0; i < image->layer_count; i++) {
		const char *digest = json_string_value(json_array_get(digests, i));

		if (read_digest(digest ? digest : "", image->layers[i].plain, failure))
			return -1;
	}
	return 0;
}

static void write_word(FILE *file, char kind, const json_t *json)
{
	if (json_is_string(json) && *json_string_value(json))
		fprintf(file, "%c%s%c", kind, json_string_value(json), '\0');
}

static void write_words(FILE *file, char kind, const json_t *list)
{
	size_t index;
	json_t *word;

	/* A word of a command may be empty. */
	json_array_foreach(list, index, word) if (json_is_string(word))
		fprintf(file, "%c%s%c", kind, json_string_value(word), '\0');
}

int manifest_read_config(const char *text, size_t length, struct manifest_image *image, char **words, size_t *size,
			 struct failure *failure)
{
	json_t *json __attribute__((cleanup(drop))) = parse(text, length, failure);
	const json_t *config = json_object_get(json, "config");
	FILE *file;

	if (!json || read_plain(json, image, failure))
		return -1;
	file = open_memstream(words, size);
	if (!file)
		return failure_set(failure, "out of memory");
	write_words(file, OCI_ENTRYPOINT, json_object_get(config, "Entrypoint"));
	write_words(file, OCI_COMMAND, json_object_get(config, "Cmd"));
	write_words(file, OCI_VARIABLE, json_object_get(config, "Env"));
	write_word(file, OCI_DIRECTORY, json_object_get(config, "WorkingDir"));
	write_word(file, OCI_USER, json_object_get(config, "User"));
	return fclose(file) ? failure_set(failure, "out of memory") : 0;
}

void manifest_free(struct manifest_image *image)
{
	free(image->config.name);
	for (size_t i = 0; i < image->layer_count; i++)
		free(image->layers[i].name);
	free(image->layers);
	*image = (struct manifest_image){ .layers = NULL };
}
