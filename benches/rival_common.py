"""What the scripts that measure rivals for `cargo bench --bench lm` share."""

import resource
import time


def text(vocabulary, length, which):
    return [1 + (which * 7919 + i * 31 + i * i * 7) % (vocabulary - 1) for i in range(length)]


def clock():
    return time.perf_counter(), time.process_time()


def speeds(count, start, end):
    return {"wall": count / max(end[0] - start[0], 1e-9), "cpu": count / max(end[1] - start[1], 1e-9)}


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
