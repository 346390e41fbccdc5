# Batch jobs: the script that scientists copy, ended by its time limit and on request, and queued
# again. Sourced by tests/cluster, whose variables and functions it uses.

# has_state JOB STATE…: whether the job is in one of these states.
has_state() {
    local job=$1 state
    shift
    state=$(scontrol show job "$job" | grep -om1 'JobState=[A-Z]*')
    [[ " $* " == *" ${state#JobState=} "* ]]
}

# reaches JOB SECONDS STATE…: waits for one of these states.
reaches() {
    local job=$1 seconds=$2 begun=$SECONDS
    shift 2
    until has_state "$job" "$@"; do
        ((SECONDS - begun < seconds)) || return 1
        sleep 0.1
    done
}

# at_once JOB: starts a job that was queued again, for which Slurm waits for two minutes:
# credentials of the job as it was are revoked by the second.
at_once() {
    local begun
    reaches "$1" 20 PENDING || return 1
    begun=$EPOCHSECONDS
    until ((EPOCHSECONDS > begun + 1)); do sleep 0.1; done
    scontrol update JobId="$1" StartTime=now
}

# submit OPTION… : submits the script.
submit() {
    sbatch --parsable --cpus-per-task=2 --chdir="$PWD" "$@" examples/slurm/saxs.sbatch
}

# drained TIMES: a job that is ended so often ends as one, and no item of it runs twice. With
# `limit` it is the time limit that ends it, which Slurm looks at every half minute.
drained() {
    local times=$1 how=${2:-request} begun=$SECONDS folder=$work/drained number job items=0 log
    local -x PAUSE_MS=20
    # With this limit and signal Slurm ends it as soon as it looks, which is not to happen on
    # request.
    local limit=()
    [[ $how == request ]] || { PAUSE_MS=600 limit=(--time=1 --signal=TERM@59); }
    rm -rf "$folder"; mkdir -p "$folder"; log=$folder/job.log
    echo job >"$folder/runs.txt"
    # All processors of its nodes, so that it does not start beside what is left of it there.
    job=$(SAXS=$program RUNS=$folder/runs.txt OUT=$folder submit --cpus-per-task=4 --output="$log" "${limit[@]}")
    for ((number = 1; number <= times; number++)); do
        # Once it is in the middle of the map.
        timeout 60 bash -c "until (( \$(wc -l 2>/dev/null <'$folder/job/items.log' || echo 0) > $items + 40 )); do sleep 0.05; done" || break
        [[ $how == limit ]] || scancel --signal=TERM "$job"
        reaches "$job" 60 PENDING || break
        at_once "$job"
        # Only now nothing of the run before is left that might add to it.
        items=$(wc -l <"$folder/job/items.log")
    done
    # The limit ends it as often as it takes.
    while [[ $how == limit ]] && reaches "$job" 90 PENDING COMPLETED && ! has_state "$job" COMPLETED; do
        at_once "$job"
        reaches "$job" 20 RUNNING || break
    done
    reaches "$job" 60 COMPLETED || true
    local asked finished twice left
    asked=$(grep -c '^rank 0 was asked to end' "$log" || true)
    [[ $how == limit ]] && ((asked > times)) && times=$asked
    finished=$(grep -Ec '^rank [01] resumed [0-9]+ finished [0-9]+$' "$log" || true)
    left=$(sort -n "$folder/job/items.log" | uniq | wc -l)
    twice=$(sort "$folder/job/items.log" | uniq -d | wc -l)
    if [[ $asked == "$times" && $finished == 2 && $left == 3000 && $twice == 0 ]] && ! grep -q 'got:' "$log"; then
        echo "ok: Slurm: a job ended $times times by $how is one, each of 3000 items runs once ($((SECONDS - begun)) s)"
    else
        echo "FAILED: Slurm: a job ended $times times by $how: asked $asked times, $finished ranks finished, $left items run, $twice of them twice"
        sed 's/^/    /' "$log"
        scontrol show job "$job"
        failed=1
    fi
}

# An array of two jobs, of which one is ended in the middle: the profiles are those of one machine.
array() {
    local begun=$SECONDS folder=$work/array job task
    mkdir -p "$folder"
    cp "$work/frames.npy" "$folder/first.npy"
    # Enough frames to be ended in the middle.
    "$program" many "$folder/second.npy"
    PASHA_CONTEXT=serial "$saxs" "$folder/first.npy" --resume --out "$folder/one" >/dev/null
    printf '%s\n' "$folder/first.npy" "$folder/second.npy" >"$folder/runs.txt"
    job=$(SAXS=$saxs RUNS=$folder/runs.txt OUT=$folder/out submit --array=1-2 --output="$folder/%a.log")
    timeout 60 bash -c "until [[ -s $folder/out/second/job.pasha ]]; do sleep 0.05; done" || true
    scancel --signal=TERM "${job}_2"
    at_once "${job}_2" || true
    for task in 1 2; do reaches "${job}_$task" 60 COMPLETED || true; done
    same_files "Slurm: a job array" "$folder/one" "$folder/out/first" profiles.npy sums.npy q.npy
    if grep -q '^integrated 203 frames, and 0 before' "$folder/1.log" &&
        grep -q '^2 ranks on 1 host, 4 workers: 4 on ' "$folder/1.log" &&
        [[ $(grep -c '^was asked to end' "$folder/2.log") == 1 ]] &&
        grep -Eq '^integrated [1-9][0-9]* frames, and [0-9]+ before' "$folder/2.log"; then
        echo "ok: Slurm: a job array ($((SECONDS - begun)) s): $(grep -h 'asked to end:\|^integrated' "$folder"/?.log | tr '\n' ';')"
    else
        echo "FAILED: Slurm: a job array:"
        sed 's/^/    /' "$folder"/?.log
        failed=1
    fi
}
