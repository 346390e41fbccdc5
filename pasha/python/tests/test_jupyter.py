"""Maps in the cells of a notebook: results, prints, progress, exceptions and interrupts.

A kernel of Jupyter's is started, and cells are sent to it as a notebook does.
"""

import importlib.util
import time

import pytest

pytest.importorskip("ipykernel")
manager = pytest.importorskip("jupyter_client.manager")


class Notebook:
    """A kernel of Jupyter's, and what its cells print."""

    def __init__(self):
        self.kernel, self.client = manager.start_new_kernel(kernel_name="python3")

    def end(self):
        self.client.stop_channels()
        self.kernel.shutdown_kernel(now=True)

    def run(self, cell, when_it_prints=None, num_lines=0):
        """Runs a cell, and gives its last value, what it printed and the exception's name.

        What other processes print comes on a way of its own, perhaps after the cell has ended: so
        many lines are waited for.
        """
        asked = self.client.execute(cell)
        value, printed, raised, has_ended = None, "", None, False
        while not has_ended or printed.count("\n") < num_lines:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != asked:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                printed += content["text"]
                if when_it_prints is not None:
                    when_it_prints, act = None, when_it_prints
                    act()
            elif kind == "execute_result":
                value = content["data"]["text/plain"]
            elif kind == "error":
                raised = content["ename"], content["evalue"]
            elif kind == "status" and content["execution_state"] == "idle":
                has_ended = True
        return value, printed, raised


@pytest.fixture(scope="module")
def notebook():
    notebook = Notebook()
    try:
        assert notebook.run("import os, time\nimport numpy as np\nimport pasha_rs as psh") == (None, "", None)
        yield notebook
    finally:
        notebook.end()


def children(notebook):
    """How many processes the kernel of the notebook has started that are still there."""
    pid = notebook.kernel.provisioner.pid
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return len(file.read().split())


@pytest.mark.parametrize("context", ["Process", "Thread"])
def test_results_and_prints_reach_the_cell(notebook, context):
    cell = f"""
def triple(worker_id, index, value):
    print(f"item {{index}}\\n", end="", flush=True)
    tripled[index] = 3 * value
values = np.arange(8.0)
tripled = psh.alloc(like=values)
psh.{context}Context(2).map(triple, values)
np.array_equal(tripled, 3 * values)
"""
    value, printed, raised = notebook.run(cell, num_lines=8)
    assert (value, raised) == ("True", None)
    assert sorted(printed.split("\n")) == sorted([""] + [f"item {index}" for index in range(8)])


@pytest.mark.parametrize("context", ["ProcessContext(2)", "ThreadContext(2)", "SerialContext()"])
def test_an_interrupt_ends_the_map_and_leaves_no_process(notebook, context):
    before = children(notebook)
    cell = f"""
def slow(worker_id, index, value):
    print("begun", flush=True)
    time.sleep(0.2)
psh.{context}.map(slow, range(3000))
"""
    begun = time.monotonic()
    _, printed, raised = notebook.run(cell, notebook.kernel.interrupt_kernel)
    assert raised is not None and raised[0] == "KeyboardInterrupt", (printed, raised)
    assert time.monotonic() - begun < 30
    assert children(notebook) == before
    assert notebook.run("1 + 1") == ("2", "", None)


def test_exceptions_and_deaths_are_told_in_the_cell(notebook):
    assert notebook.run("psh.map(lambda *_: 1 / 0, range(4))")[2][0] == "ZeroDivisionError"
    name, told = notebook.run("psh.map(lambda *_: os._exit(3), range(4))")[2]
    assert name == "WorkerDied" and "exit status 3" in told


def test_progress_is_told_to_a_function(notebook):
    cell = """
told = []
psh.ProcessContext(2, progress=told.append).map(lambda *_: time.sleep(0.02), range(50))
len(told) > 0 and (told[-1].finished, told[-1].len)
"""
    assert notebook.run(cell)[0] == "(50, 50)"


def test_kernels_in_rust_run_in_cells(notebook):
    if importlib.util.find_spec("kernels") is None:
        pytest.skip("the kernels of tests/python are not installed")
    cell = """
import kernels
values = np.arange(8.0)
context = "processes:2"
np.array_equal(kernels.triple_it(values, context=context), 3 * values)
"""
    assert notebook.run(cell)[::2] == ("True", None)
