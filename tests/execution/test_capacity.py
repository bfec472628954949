"""How many submissions are graded at a time: cores and free memory, within the limits of control groups."""

import psutil
import pytest

from grader.execution.capacity import FIRST_JOB_BYTES, FURTHER_JOB_BYTES, Capacity, capacity

MIB = 1 << 20


@pytest.mark.parametrize(
    "cores, free_bytes, jobs",
    [
        (2, 100 * FIRST_JOB_BYTES, 2),
        (16, FIRST_JOB_BYTES + 3 * FURTHER_JOB_BYTES, 4),
        (16, FIRST_JOB_BYTES + FURTHER_JOB_BYTES - 1, 1),
        (16, FIRST_JOB_BYTES, 1),
        (16, 0, 1),
        (1, 100 * FIRST_JOB_BYTES, 1),
    ],
)
def test_as_many_as_there_are_cores_and_memory_for_and_never_none(cores, free_bytes, jobs):
    assert Capacity(cores, free_bytes).jobs == jobs


@pytest.fixture
def group(tmp_path):
    """(name of a control group, its files) to what is written there; `capacity` in the group a/b."""
    groups = tmp_path / "cgroup"
    (groups / "a" / "b").mkdir(parents=True)
    own = tmp_path / "own"
    own.write_text("0::/a/b\n")

    class Group:
        def limit(self, name, **files):
            for file, text in files.items():
                (groups / name).mkdir(parents=True, exist_ok=True)
                (groups / name / file.replace("_", ".", 1)).write_text(text)

        def capacity(self, line="0::/a/b\n"):
            own.write_text(line)
            return capacity(own, groups)

    return Group()


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """8 cores, 8,000 MiB free."""
    monkeypatch.setattr("grader.execution.capacity._own_cores", lambda: 8)
    memory = psutil.virtual_memory()._replace(available=8000 * MIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)


def test_without_control_groups_it_is_the_machine(tmp_path):
    assert capacity(tmp_path / "none", tmp_path) == Capacity(8, 8000 * MIB)


def test_groups_without_a_limit_limit_nothing(group):
    group.limit("a/b", cpu_max="max 100000\n", memory_max="max\n", memory_current="5\n")

    assert group.capacity() == Capacity(8, 8000 * MIB)


@pytest.mark.parametrize("name", ["a/b", "a", "."])
def test_the_group_and_all_above_it_count(group, name):
    group.limit(name, cpu_max="350000 100000\n")
    group.limit(
        name,
        memory_max=f"{2000 * MIB}\n",
        memory_current=f"{900 * MIB}\n",
        memory_stat=f"anon 7\nactive_file {100 * MIB}\ninactive_file {200 * MIB}\n",
    )

    assert group.capacity() == Capacity(3, 1400 * MIB, is_limited=True)


@pytest.mark.parametrize("name", ["a/b", "a", "."])
def test_groups_of_version_1_count(group, name):
    """In a container the group is named as the machine sees it, and its limits lie in the outermost folder."""
    group.limit(f"cpu/{name}", cpu_cfs_quota_us="350000\n", cpu_cfs_period_us="100000\n")
    group.limit(
        f"memory/{name}",
        memory_limit_in_bytes=f"{2000 * MIB}\n",
        memory_usage_in_bytes=f"{900 * MIB}\n",
        memory_stat=f"cache 7\nactive_file {100 * MIB}\ninactive_file {200 * MIB}\n",
    )

    found = group.capacity("5:cpu,cpuacct:/a/b\n4:memory:/a/b\n1:name=systemd:/a\n0::/\n")
    assert found == Capacity(3, 1400 * MIB, is_limited=True)


def test_groups_of_version_1_without_a_limit_limit_nothing(group):
    group.limit("cpu/a", cpu_cfs_quota_us="-1\n", cpu_cfs_period_us="100000\n")
    group.limit(
        "memory/a", memory_limit_in_bytes="9223372036854771712\n", memory_usage_in_bytes="5\n", memory_stat=""
    )

    assert group.capacity("5:cpu,cpuacct:/a\n4:memory:/a\n") == Capacity(8, 8000 * MIB)


def test_less_than_a_core_is_one(group):
    group.limit("a", cpu_max="50000 100000\n")

    assert group.capacity().cores == 1


def test_a_group_above_what_a_container_sees_is_its_root(group):
    group.limit(".", cpu_max="200000 100000\n")

    assert group.capacity("0::/../../x\n").cores == 2


@pytest.mark.parametrize("line", ["", "5:memory:/a/b\n", "0::/gone\n"])
def test_other_kinds_of_groups_are_passed_over(group, line):
    assert group.capacity(line) == Capacity(8, 8000 * MIB)


@pytest.mark.parametrize("text", ["", "many few\n", "1\n"])
def test_what_cannot_be_read_limits_nothing(group, text):
    group.limit("a/b", cpu_max=text, memory_max="much")

    assert group.capacity() == Capacity(8, 8000 * MIB)
