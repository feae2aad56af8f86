/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "unpack/manifest.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define OCI_MANIFEST "\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\""
#define ENTRY(digest, more) "{" OCI_MANIFEST ",\"digest\":\"sha256:" digest "\"" more "}"
#define CPU(name, more) ",\"platform\":{\"os\":\"linux\",\"architecture\":\"" name "\"" more "}"
#define VARIANT(name) ",\"variant\":\"" name "\""
#define NAME(name) ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\"}"
#define INDEX(entries) "{\"schemaVersion\":2,\"manifests\":[" entries "]}"
#define LAYER(digest) \
	"{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"sha256:" digest "\",\"size\":1}"
#define MANIFEST(layers) "{\"config\":{\"digest\":\"sha256:" A "\"},\"layers\":[" layers "]}"

static struct failure failure;

static bool chooses(const char *index, const char *name, const char *cpu, const char *wanted)
{
	const struct manifest_wish wish = { name, cpu };
	struct manifest_part part;
	bool is_index;
	int error = manifest_choose(index, strlen(index), &wish, &part, &is_index, &failure);

	if (!error && !is_index && !strcmp(part.digest, wanted))
		return true;
	printf("# %s\n", error ? failure.text : part.digest);
	return false;
}

static bool refuses(const char *index, const char *name, const char *cpu, const char *why)
{
	const struct manifest_wish wish = { name, cpu };
	struct manifest_part part;
	bool is_index;

	if (manifest_choose(index, strlen(index), &wish, &part, &is_index, &failure) && !strcmp(failure.text, why))
		return true;
	printf("# %s\n", failure.text);
	return false;
}

static void test_choice(void)
{
	static const char two[] = INDEX(ENTRY(A, CPU("amd64", "")) "," ENTRY(B, CPU("arm64", VARIANT("v8"))));
	static const char named[] = INDEX(ENTRY(A, NAME("a:1")) "," ENTRY(B, NAME("b:2")));
	static const char arms[] = INDEX(ENTRY(A, CPU("arm", VARIANT("v6"))) "," ENTRY(
		B, CPU("arm", VARIANT("v7"))) "," ENTRY(C, CPU("arm", VARIANT("v5"))));
	static const char levels[] = INDEX(ENTRY(A, CPU("amd64", VARIANT("v3"))) "," ENTRY(B, CPU("amd64", "")));
	static const char remark[] = INDEX(ENTRY(
		A, ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}") "," ENTRY(B, CPU("s390x", "")));
	bool is_index = false;
	struct manifest_part part;
	const struct manifest_wish wish = { NULL, "amd64" };
	static const char deeper[] =
		"{\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"digest\":\"sha256:" C
		"\"}]}";

	ok(chooses(two, NULL, "amd64", A) && chooses(two, NULL, "arm64", B), "for a CPU");
	ok(chooses(named, "a:1", "amd64", A) && chooses(named, "b:2", "amd64", B), "by name");
	ok(chooses(arms, NULL, "arm", B), "the latest arm");
	ok(chooses(levels, NULL, "amd64", B), "what every machine runs");
	ok(chooses(remark, NULL, "amd64", B), "the only one, whatever it is for");
	ok(!manifest_choose(deeper, strlen(deeper), &wish, &part, &is_index, &failure) && is_index &&
		   !strcmp(part.digest, C),
	   "an index");
	ok(refuses(two, NULL, "riscv64",
		   "it has no image for the CPU riscv64 (-q names another), but for: amd64, arm64"),
	   "none for a CPU");
	ok(refuses(named, NULL, "amd64", "it has several images, and --oci=NAME says which is meant: a:1, b:2"),
	   "several");
	ok(refuses(named, "c", "amd64", "it has no image called 'c', but: a:1, b:2"), "none of that name");
}

static void test_bad_index(void)
{
	ok(refuses(INDEX(""), NULL, "amd64", "it has no image") && refuses("[]", NULL, "amd64", "it has no image") &&
		   refuses("{\"manifests\":[7]}", NULL, "amd64", "the digest '' is none of sha256"),
	   "nothing");
	ok(refuses("{\"manifests\":[{\"mediaType\":\"x/y\",\"digest\":\"sha256:" A "\"}]}", NULL, "amd64",
		   "the media type 'x/y' is not that of an image"),
	   "another media type");
	ok(refuses("{\"manifests\":[{\"digest\":\"sha256:../../etc/passwd\"}]}", NULL, "amd64",
		   "the digest 'sha256:../../etc/passwd' is malformed"),
	   "a path for a digest");
	ok(refuses("{\"manifests\":[{\"digest\":\"sha512:" A "\"}]}", NULL, "amd64",
		   "the digest 'sha512:" A "' is none of sha256"),
	   "another digest");
}

static bool reads(const char *text, size_t layers)
{
	struct manifest_image image;
	int error = manifest_read(text, strlen(text), &image, &failure);
	bool is_good = !error && image.layer_count == layers && !strcmp(image.config.digest, A);

	for (size_t i = 0; i < image.layer_count && is_good; i++)
		is_good = !strcmp(image.layers[i].digest, i ? C : B);
	manifest_free(&image);
	return is_good;
}

static bool fails(const char *text, const char *why)
{
	struct manifest_image image;
	bool is_good = manifest_read(text, strlen(text), &image, &failure) && !strcmp(failure.text, why);

	manifest_free(&image);
	if (!is_good)
		printf("# %s\n", failure.text);
	return is_good;
}

static void test_manifest(void)
{
	ok(reads(MANIFEST(LAYER(B) "," LAYER(C)), 2) && reads(MANIFEST(""), 0), "a manifest");
	ok(fails("{\"config\":{\"digest\":\"sha256:" A "\"}}", "it has no layers"), "no layers");
	ok(fails(MANIFEST("{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+encrypted\"}"),
		 "a layer is encrypted ('application/vnd.oci.image.layer.v1.tar+encrypted')"),
	   "an encrypted layer");
	ok(fails(MANIFEST("{\"mediaType\":\"application/wasm\"}"),
		 "the media type 'application/wasm' is not that of a layer"),
	   "another kind of layer");
	ok(fails(MANIFEST("7"), "the media type '' is not that of a layer"), "a layer that is a number");
}

static void test_docker(void)
{
	static const char two[] = "[{\"Config\":\"c1\",\"RepoTags\":[\"x:1\"],\"Layers\":[\"l1\",\"l2\"]},"
				  "{\"Config\":\"c2\",\"RepoTags\":null,\"Layers\":[]}]";
	const struct manifest_wish one = { "x:1", "amd64" }, any = { NULL, "amd64" };
	struct manifest_image image;

	ok(!manifest_read_docker(two, strlen(two), &one, &image, &failure) && image.layer_count == 2 &&
		   !strcmp(image.config.name, "c1") && !strcmp(image.layers[1].name, "l2"),
	   "docker's");
	manifest_free(&image);
	ok(manifest_read_docker(two, strlen(two), &any, &image, &failure) &&
		   !strcmp(failure.text, "it has several images, and --oci=NAME says which is meant: x:1, (none)"),
	   "several of docker's");
	manifest_free(&image);
}

static void test_config(void)
{
	static const char text[] =
		"{\"config\":{\"Entrypoint\":[\"/e\",\"\"],\"Cmd\":[\"a b\"],\"Env\":[\"P=\\n\"],"
		"\"User\":\"u\",\"WorkingDir\":\"/w\"},\"rootfs\":{\"diff_ids\":[\"sha256:" B "\"]}}";
	static const char wanted[] = "E/e\0E\0Ca b\0VP=\n\0D/w\0Uu";
	struct manifest_part layer = { .name = NULL };
	struct manifest_image image = { .layers = &layer, .layer_count = 1 };
	char *words = NULL;
	size_t size = 0;

	ok(!manifest_read_config(text, strlen(text), &image, &words, &size, &failure) && size == sizeof(wanted) &&
		   !memcmp(words, wanted, size) && !strcmp(layer.plain, B),
	   "a configuration");
	free(words);
	words = NULL;
	image.layer_count = 0;
	ok(manifest_read_config(text, strlen(text), &image, &words, &size, &failure) &&
		   !strcmp(failure.text, "it has 0 layers, and its configuration digests of 1"),
	   "digests of other layers");
	free(words);
}

/* All of them, on texts in which a byte is another, or the end is missing. */
static void read_anything(const char *text, size_t length)
{
	const struct manifest_wish wish = { NULL, "amd64" };
	struct manifest_image image;
	struct manifest_part part;
	char *words = NULL;
	bool is_index;
	size_t size;

	manifest_choose(text, length, &wish, &part, &is_index, &failure);
	if (!manifest_read(text, length, &image, &failure))
		manifest_read_config(text, length, &image, &words, &size, &failure);
	manifest_free(&image);
	free(words);
	manifest_read_docker(text, length, &wish, &image, &failure);
	manifest_free(&image);
}

static void test_damage(void)
{
	static const char *const texts[] = {
		INDEX(ENTRY(A, CPU("amd64", "")) "," ENTRY(B, NAME("x"))), MANIFEST(LAYER(B) "," LAYER(C)),
		"[{\"Config\":\"c\",\"RepoTags\":[\"x\"],\"Layers\":[\"l\",\"m\"]}]",
		"{\"config\":{\"Cmd\":[\"x\"]},\"layers\":[],\"rootfs\":{\"diff_ids\":[]}}"
	};
	static const char bytes[] = "\0\"[]{},:7\\\xff";

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t at = 0; at < strlen(texts[i]); at++) {
			char *text = strndup(texts[i], at); /* as long as it is, for AddressSanitizer */

			read_anything(text, at);
			free(text);
			text = strdup(texts[i]);
			for (size_t byte = 0; byte < sizeof(bytes) - 1; byte++) {
				text[at] = bytes[byte];
				read_anything(text, strlen(texts[i]));
			}
			free(text);
		}
	ok(true, "damaged texts do no harm");
}

int main(void)
{
	test_choice();
	test_bad_index();
	test_manifest();
	test_docker();
	test_config();
	test_damage();
	return plan_done();
}
