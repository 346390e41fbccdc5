# What is measured over ranks, beside its peers. Sourced by tests/cluster, whose variables it uses.
# The machine is to be idle: of several runs the best is to be taken.

for _ in 1 2; do
    PASHA_CONTEXT=mpi "${mpirun[@]}" -n 2 "$program" bandwidth
    "${mpirun[@]}" -n 2 "$program" plain
done
echo "one host:"
PASHA_CONTEXT=mpi "${mpirun[@]}" -n 2 "$program" balance
if [[ $(id -u) == 0 ]]; then
    echo "two hosts:"
    tests/cluster.d/hosts.sh up
    trap 'tests/cluster.d/hosts.sh down; rm -rf "$work"' EXIT
    PASHA_CONTEXT=mpi tests/cluster.d/hosts.sh run 1 "$program" balance
    tests/cluster.d/hosts.sh down
    trap 'rm -rf "$work"' EXIT
fi

# Two workers each; the pool has a rank more, which hands out the items.
PASHA_CONTEXT=mpi "${mpirun[@]}" -n 2 "$program" pool
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q mpi4py
"${mpirun[@]}" -n 3 "$work/venv/bin/python" -m mpi4py.futures tests/cluster.d/pool.py

if [[ $(id -u) == 0 ]]; then
    tests/cluster.d/slurm.sh up "$work/slurm" >/dev/null
    trap 'tests/cluster.d/slurm.sh down "$work/slurm"; rm -rf "$work"' EXIT
    export SLURM_CONF=$work/slurm/slurm.conf
    drained 10 limit
    tests/cluster.d/slurm.sh down "$work/slurm"
    trap 'rm -rf "$work"' EXIT
fi
