# SPDX-License-Identifier: GPL-2.0-or-later
"""
Makes archives of images and hostile ones, without any tool but python3.

    images.py oci OUT [-l LAYER.tar[.gz|.xz|...]]... [-c CONFIG-JSON] [-n NAME] [-a CPU[/VARIANT]] [-i] [-s WHAT]
    images.py docker OUT.tar [-l LAYER.tar]... [-c CONFIG-JSON] [-n NAME]
    images.py pack DIRECTORY OUT.tar
    images.py hostile OUT.tar KIND

"oci" adds an image to the layout OUT (a directory), -i: to an index that its index names; -s spoils something.
"""
import gzip
import hashlib
import io
import json
import lzma
import bz2
import os
import subprocess
import sys
import tarfile

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


def plain(data):
    """What DATA is when it is decompressed."""
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:6] == b"\xfd7zXZ\0":
        return lzma.decompress(data)
    if data[:3] == b"BZh":
        return bz2.decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return subprocess.run(["zstd", "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def put_blob(out, data, media_type):
    name = digest(data)
    os.makedirs(out + "/blobs/sha256", exist_ok=True)
    with open(out + "/blobs/sha256/" + name[7:], "wb") as file:
        file.write(data)
    return {"mediaType": media_type, "digest": name, "size": len(data)}


def to_json(value):
    return json.dumps(value).encode()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def make_oci(out, layers, config, name, cpu, nests, spoiled):
    blobs = [read(layer) for layer in layers]
    text = {"architecture": cpu.split("/")[0], "os": "linux", "config": config,
            "rootfs": {"type": "layers", "diff_ids": [digest(plain(blob)) for blob in blobs]}}
    if spoiled == "diff-ids":
        text["rootfs"]["diff_ids"].append("sha256:" + 64 * "0")
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": put_blob(out, to_json(text), CONFIG),
                "layers": [put_blob(out, blob, LAYER + ("" if plain(blob) == blob else "+gzip")) for blob in blobs]}
    last = manifest["layers"][-1] if blobs else {}
    if spoiled == "layer-type":
        last["mediaType"] = "application/vnd.example.squashfs"
    elif spoiled == "layer-digest":
        last["digest"] = "sha512:" + 128 * "0"
    elif spoiled == "layer-path":
        last["digest"] = "sha256:../../../../../../etc/passwd"
    elif spoiled == "layer-bytes":
        with open(out + "/blobs/sha256/" + last["digest"][7:], "r+b") as file:
            file.seek(600)
            file.write(b"\xff\xfe")
    elif spoiled == "layer-missing":
        os.unlink(out + "/blobs/sha256/" + last["digest"][7:])
    entry = put_blob(out, to_json(manifest), MANIFEST)
    if spoiled == "manifest-bytes":
        with open(out + "/blobs/sha256/" + entry["digest"][7:], "ab") as file:
            file.write(b" ")
    if "/" in cpu or cpu != "none":
        entry["platform"] = {"architecture": cpu.split("/")[0], "os": "linux"}
        if "/" in cpu:
            entry["platform"]["variant"] = cpu.split("/")[1]
    if spoiled == "type":
        entry["mediaType"] = "application/vnd.example.thing"
    remark = dict(entry, platform={"architecture": "unknown", "os": "unknown"})
    index = {"schemaVersion": 2, "manifests": []}
    if os.path.exists(out + "/index.json"):
        index = json.loads(read(out + "/index.json"))
    if nests:
        entries = [remark, entry]
        if index["manifests"]:
            entries = json.loads(read(out + "/blobs/sha256/" + index["manifests"].pop()["digest"][7:]))["manifests"] + entries
        entry = put_blob(out, to_json({"schemaVersion": 2, "manifests": entries}), INDEX)
    if name:
        entry["annotations"] = {"org.opencontainers.image.ref.name": name}
    index["manifests"].append(entry)
    with open(out + "/oci-layout", "w") as file:
        file.write('{"imageLayoutVersion": "1.0.0"}')
    with open(out + "/index.json", "w") as file:
        json.dump(index, file)


def add_bytes(tar, name, data):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def make_docker(out, layers, config, name, spoiled):
    """As docker save before its version 25 does: manifest.json is the last, and layers that are the same are links."""
    text = to_json({"architecture": "amd64", "os": "linux", "config": config, "rootfs": {
        "type": "layers", "diff_ids": [digest(plain(read(layer))) for layer in layers]}})
    seen, names = {}, []
    with tarfile.open(out, "w") as tar:
        for number, layer in enumerate(layers):
            data = read(layer)
            directory = hashlib.sha256(b"%d" % number + data).hexdigest()
            names.append(directory + "/layer.tar")
            add_bytes(tar, directory + "/VERSION", b"1.0")
            if data in seen:
                link = tarfile.TarInfo(names[-1])
                link.type, link.linkname = tarfile.SYMTYPE, "../" + seen[data]
                tar.addfile(link)
            else:
                add_bytes(tar, names[-1], data[:700] + b"x" + data[701:] if spoiled else data)
                seen[data] = names[-1]
        add_bytes(tar, digest(text)[7:] + ".json", text)
        add_bytes(tar, "manifest.json", to_json([
            {"Config": digest(text)[7:] + ".json", "RepoTags": [name] if name else None, "Layers": names}]))
        add_bytes(tar, "repositories", b"{}")


def pack(directory, out):
    with tarfile.open(out, "w") as tar:
        for name in sorted(os.listdir(directory)):
            tar.add(directory + "/" + name, name)


def entry(name, kind=tarfile.REGTYPE, link="", data=b"", **more):
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, link, len(data)
    for key, value in more.items():
        setattr(member, key, value)
    return member, data


# Each of them tries to write, or to make another name of, "victim" in the directory above the tree, or /etc/passwd.
HOSTILE = {
    "up": [entry("../../victim", data=b"bad")],
    "up-inside": [entry("a/../../../victim", data=b"bad")],
    "absolute": [entry("{above}/victim", data=b"bad")],
    "link": [entry("l", tarfile.SYMTYPE, "{above}"), entry("l/victim", data=b"bad")],
    "link-up": [entry("l", tarfile.SYMTYPE, "../../.."), entry("l/victim", data=b"bad")],
    "link-file": [entry("l", tarfile.SYMTYPE, "{above}/victim"), entry("l", data=b"bad")],
    "link-links": [entry("a", tarfile.SYMTYPE, "."), entry("a/b", tarfile.SYMTYPE, ".."),
                   entry("a/b/c", tarfile.SYMTYPE, "../../.."), entry("a/b/c/victim", data=b"bad")],
    "link-proc": [entry("l", tarfile.SYMTYPE, "/proc/self/cwd"), entry("l/victim", data=b"bad")],
    "hard": [entry("h", tarfile.LNKTYPE, "../../victim"), entry("h", data=b"bad")],
    "hard-absolute": [entry("h", tarfile.LNKTYPE, "{above}/victim")],
    "hard-link": [entry("l", tarfile.SYMTYPE, "{above}"), entry("h", tarfile.LNKTYPE, "l/victim")],
    "hard-to-link": [entry("l", tarfile.SYMTYPE, "{above}/victim"), entry("h", tarfile.LNKTYPE, "l"),
                     entry("h", data=b"bad", mode=0o777)],
    "root-file": [entry("./", data=b"bad")],
    "root-link": [entry(".", tarfile.SYMTYPE, "{above}"), entry("victim", data=b"bad")],
    "directory-link": [entry("d", tarfile.SYMTYPE, "{above}"), entry("d", tarfile.DIRTYPE, mode=0o777),
                       entry("d/victim", data=b"bad")],
    "whiteout-up": [entry("d", tarfile.SYMTYPE, "{above}"), entry("d/.wh.victim"), entry("d/.wh..wh..opq")],
    "whiteout-dots": [entry("d", tarfile.DIRTYPE), entry("d/.wh..."), entry("d/.wh.."), entry("d/.wh.")],
    "loop": [entry("x", tarfile.SYMTYPE, "x"), entry("x/victim", data=b"bad")],
}


def make_hostile(out, kind, above):
    with tarfile.open(out, "w") as tar:
        for member, data in HOSTILE[kind]:
            member.name = member.name.replace("{above}", above)
            member.linkname = member.linkname.replace("{above}", above)
            tar.addfile(member, io.BytesIO(data))


def main(words):
    command, out, layers, options = words[0], words[1], [], {}
    rest = iter(words[2:])
    for word in rest:
        if word == "-l":
            layers.append(next(rest))
        elif word == "-i":
            options[word] = True
        elif word.startswith("-"):
            options[word] = next(rest)
        else:
            options.setdefault("words", []).append(word)
    config = json.loads(options.get("-c", "{}"))
    if command == "oci":
        make_oci(out, layers, config, options.get("-n"), options.get("-a", "none"), "-i" in options, options.get("-s"))
    elif command == "docker":
        make_docker(out, layers, config, options.get("-n"), options.get("-s"))
    elif command == "pack":
        pack(out, options["words"][0])
    elif command == "hostile":
        make_hostile(out, options["words"][0], options["words"][1])
    elif command == "kinds":
        print("\n".join(HOSTILE))


if __name__ == "__main__":
    main(sys.argv[1:])
