"""The real set's formats: what is read, and each sentence on what is not."""

import hashlib
import io
import os
import tarfile

import numpy as np
import pytest

from grader.data import cifar10, open_data, packed
from grader.errors import DataError
from tests.data.cifar_files import (
    PER_FILE,
    PYTHON_NAMES,
    batches,
    binary_files,
    python3_pickle,
    python_files,
    write_archive,
    write_folder,
)

pytestmark = pytest.mark.usefixtures("small_files")

PY, BIN = "cifar-10-batches-py", "cifar-10-batches-bin"
KINDS = "cifar-10-batches-py, cifar-10-batches-bin, or a .tar.gz of either"


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / PY, python_files())


@pytest.fixture
def binary_folder(tmp_path):
    return write_folder(tmp_path / BIN, binary_files())


def images_of(path):
    data = open_data(path)
    training = np.concatenate([data.splits.train.images, data.splits.val.images])
    labels = np.concatenate([data.splits.train.labels, data.splits.val.labels])
    return training, labels, data.splits.test


def assert_is_what_was_written(path):
    written = batches()
    training, labels, test = images_of(path)

    assert np.array_equal(training.reshape(100, 3072), np.concatenate([images for images, _ in written[:5]]))
    assert labels.tolist() == [label for _, each in written[:5] for label in each]
    assert np.array_equal(test.images.reshape(20, 3072), written[5][0])
    assert test.labels.tolist() == written[5][1]


def sentence(path):
    with pytest.raises(DataError) as caught:
        _ = open_data(path).splits
    return str(caught.value)


def test_the_python_version_is_read_as_python_2_wrote_it(folder):
    assert_is_what_was_written(folder)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_pickles_that_python_3_wrote_are_read(tmp_path, protocol):
    files = {
        name: python3_pickle(images, labels, protocol)
        for name, (images, labels) in zip(PYTHON_NAMES, batches(), strict=True)
    }

    assert_is_what_was_written(write_folder(tmp_path / PY, files))


def test_the_binary_version_is_read(binary_folder):
    assert_is_what_was_written(binary_folder)


@pytest.mark.parametrize("kind", ["folder", "binary_folder"])
def test_the_folder_above_will_do(tmp_path, request, kind):
    request.getfixturevalue(kind)

    assert_is_what_was_written(tmp_path)


@pytest.mark.parametrize("name, files", [(PY, python_files), (BIN, binary_files)])
def test_an_archive_is_read_in_memory(tmp_path, name, files):
    archive = write_archive(tmp_path / "cifar.tar.gz", name, files())

    assert_is_what_was_written(archive)
    assert [path.name for path in tmp_path.iterdir()] == ["cifar.tar.gz"]


def test_the_same_images_have_the_same_sha256_in_every_form(folder, binary_folder):
    assert open_data(folder).sha256 == open_data(binary_folder).sha256
    assert len(open_data(folder).sha256) == 64


def test_a_report_names_the_version_and_no_path(folder):
    data = open_data(folder)

    assert data.name == f"CIFAR-10 (python version), sha256 {data.sha256}"
    assert data.path == folder
    assert not data.is_standin


def test_nothing_is_read_before_it_is_asked_for(folder):
    data = open_data(folder)
    for file in folder.iterdir():
        file.unlink()

    with pytest.raises(DataError, match="data_batch_1: cannot be read: No such file or directory"):
        _ = data.splits


def test_files_unlike_the_published_ones_are_noted(folder):
    names = ", ".join(PYTHON_NAMES[:5])

    assert open_data(folder).notes == (
        f"{names} and test_batch have a different checksum from the published CIFAR-10, so accuracies may differ.",
    )


def test_an_archive_unlike_the_published_one_is_noted(tmp_path):
    archive = write_archive(tmp_path / "cifar.tar.gz", PY, python_files())

    assert open_data(archive).notes == (
        "cifar.tar.gz has a different checksum from the published CIFAR-10, so accuracies may differ.",
    )


def test_the_published_archive_is_not_noted(tmp_path, monkeypatch):
    archive = write_archive(tmp_path / "cifar.tar.gz", BIN, binary_files())
    monkeypatch.setitem(cifar10._ARCHIVE_MD5, "binary", hashlib.md5(archive.read_bytes()).hexdigest())

    assert open_data(archive).notes == ()


def test_a_missing_path_is_told(tmp_path):
    path = tmp_path / "nowhere"

    assert sentence(path) == f"{path}: expected CIFAR-10 ({KINDS}), found nothing at this path"


def test_a_folder_of_something_else_is_told(tmp_path):
    assert (
        sentence(tmp_path)
        == f"{tmp_path}: expected CIFAR-10 ({KINDS}), found a folder without any of its files"
    )


def test_a_file_of_another_kind_is_told(tmp_path):
    path = tmp_path / "cifar.zip"
    path.write_bytes(b"PK\x03\x04")

    assert sentence(path) == f"{path}: expected CIFAR-10 ({KINDS}), found another kind of file"


def test_an_archive_of_something_else_is_told(tmp_path):
    path = write_archive(tmp_path / "mnist.tar.gz", "mnist", {"train": b"0"})

    assert sentence(path) == f"{path}: expected CIFAR-10 ({KINDS}), found an archive of something else"


def test_a_missing_file_is_told(folder):
    (folder / "data_batch_3").unlink()

    assert sentence(folder) == (
        f"{folder}: expected data_batch_1, data_batch_2, data_batch_3, data_batch_4, data_batch_5 and test_batch;"
        " data_batch_3 is missing: unpack the archive again"
    )


def test_a_file_missing_from_an_archive_is_told(tmp_path):
    files = binary_files()
    del files["test_batch.bin"]
    path = write_archive(tmp_path / "cifar.tar.gz", BIN, files)

    assert sentence(path).endswith("; test_batch.bin is missing: download the archive again")


def test_a_short_binary_file_is_told(binary_folder):
    file = binary_folder / "data_batch_2.bin"
    file.write_bytes(file.read_bytes()[:-1])

    assert sentence(binary_folder) == (
        f"{file}: expected 61,460 bytes, found 61,459; it may have been cut off: unpack the archive again"
    )


def test_a_long_binary_file_is_told(binary_folder):
    file = binary_folder / "data_batch_2.bin"
    file.write_bytes(file.read_bytes() + b"0")

    assert sentence(binary_folder) == f"{file}: expected 61,460 bytes, found 61,461"


def test_a_short_pickle_is_told_before_it_is_read(folder):
    file = folder / "test_batch"
    file.write_bytes(file.read_bytes()[:1000])

    assert sentence(folder) == (
        f"{file}: expected at least 61,440 bytes, found 1,000; it may have been cut off: unpack the archive again"
    )


def test_a_pickle_that_is_too_long_is_told(folder, monkeypatch):
    monkeypatch.setattr(cifar10, "_FILE_BYTES", 61_500)
    size = (folder / "data_batch_1").stat().st_size

    assert sentence(folder) == f"{folder / 'data_batch_1'}: expected at most 61,500 bytes, found {size:,}"


@pytest.mark.parametrize("at, label", [(0, 10), (17, 255)])
def test_a_label_out_of_range_is_told(binary_folder, at, label):
    file = binary_folder / "data_batch_4.bin"
    content = bytearray(file.read_bytes())
    content[at * 3073] = label
    file.write_bytes(content)

    assert sentence(binary_folder) == (
        f"{file}: expected labels 0 to 9, found another at image {at}; unpack the archive again"
    )


def test_a_label_out_of_range_in_a_pickle_is_told(folder):
    images, labels = batches()[0]
    (folder / "data_batch_1").write_bytes(python3_pickle(images, [*labels[:-1], -(10**30)]))

    assert sentence(folder) == (
        f"{folder / 'data_batch_1'}: expected labels 0 to 9, found another at image 19; unpack the archive again"
    )


def test_an_archive_that_ends_early_is_told(tmp_path):
    path = write_archive(tmp_path / "cifar.tar.gz", PY, python_files())
    path.write_bytes(path.read_bytes()[:200_000])

    assert sentence(path) == (
        f"{path}: expected a .tar.gz, found one that is damaged or ends early"
        " (Compressed file ended before the end-of-stream marker was reached); download it again"
    )


def test_a_gz_that_is_no_tar_is_told(tmp_path):
    import gzip

    path = tmp_path / "cifar.tar.gz"
    path.write_bytes(gzip.compress(b"not a tar" * 200))

    assert sentence(path).startswith(f"{path}: expected a .tar.gz, found one that is damaged or ends early (")


def test_an_archive_that_unpacks_to_too_much_is_told(tmp_path, monkeypatch):
    path = write_archive(tmp_path / "cifar.tar.gz", PY, python_files() | {"filler": bytes(3 << 20)})
    monkeypatch.setattr(packed, "UNPACKED_BYTES", 1 << 20)

    assert sentence(path) == (
        f"{path}: expected an archive of CIFAR-10, found one that unpacks to more than 1 MiB;"
        " use the published one"
    )


def test_an_archive_of_too_many_members_is_told(tmp_path, monkeypatch):
    path = write_archive(tmp_path / "cifar.tar.gz", "other", {str(number): b"" for number in range(9)})
    monkeypatch.setattr(packed, "MEMBERS", 5)

    assert sentence(path) == (
        f"{path}: expected an archive of CIFAR-10, found more than 5 members; use the published one"
    )


def test_a_member_that_is_too_large_is_told(tmp_path, monkeypatch):
    path = write_archive(tmp_path / "cifar.tar.gz", BIN, binary_files())
    monkeypatch.setattr(cifar10, "_FILE_BYTES", 1000)

    assert sentence(path) == (
        f"{path}: test_batch.bin: expected at most 1,000 bytes, found 61,460; use the published archive"
    )


def test_paths_out_of_the_archive_and_links_lead_nowhere(tmp_path):
    path = tmp_path / "cifar.tar.gz"
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(PER_FILE * 3073))
    with tarfile.open(path, "w:gz") as archive:
        for name, content in binary_files().items():
            member = tarfile.TarInfo(f"../../{BIN}/{name}")
            if name == "data_batch_1.bin":
                member.type, member.linkname = tarfile.SYMTYPE, str(secret)
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))

    assert sentence(path).endswith("; data_batch_1.bin is missing: download the archive again")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cifar.tar.gz", "secret"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path):
    path = write_archive(tmp_path / "cifar.tar.gz", PY, {})
    path.chmod(0)

    assert sentence(path) == f"{path}: cannot be read: Permission denied"


def test_the_arrays_cannot_be_written_to(folder):
    splits = open_data(folder).splits

    assert not any(part.images.flags.writeable for part in (splits.train, splits.val, splits.test))
    assert not any(part.labels.flags.writeable for part in (splits.train, splits.val, splits.test))
