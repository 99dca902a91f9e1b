#!/bin/sh
# Runs a command for each line of items.txt, 25 in each array task: sbatch slurm_array.sh
#SBATCH --array=0-3
#SBATCH --cpus-per-task=1
#SBATCH --output=part-%a.out
first=$((SLURM_ARRAY_TASK_ID * 25 + 1))
sed -n "${first},$((first + 24))p" items.txt |
    tr '\n' '\0' |
    xargs -0 -P "${SLURM_CPUS_PER_TASK:-1}" -I {} echo 'done: {}'
