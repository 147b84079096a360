"""Which requests had to wait for each other, as far as their times tell."""
import bisect

# With many stacks nobody reads on.
LONGEST_NAMED = 20

def longest_chain(requests):
    """The requests, each begun when the one before it had ended, that took longest together.

    Whatever had to wait for an answer is in such a chain, so no chain of dependencies is longer. A request that only
    happened to begin after another's end may be in it as well.
    """
    requests = sorted(requests, key=lambda request: request[1])
    ends = [end for _, end, _ in requests]
    # For the first i requests: the time of their longest chain, its last request, and what is before that.
    best = [(0.0, None, 0)]
    for index, (start, end, _) in enumerate(requests):
        before = bisect.bisect_right(ends, start, hi=index)
        with_it = (best[before][0] + end - start, index, before)
        best.append(max(with_it, best[-1], key=lambda chain: chain[0]))
    seconds, last, before = best[-1]
    names = []
    while last is not None:
        names.append(requests[last][2])
        _, last, before = best[before]
    return {"requests": len(names), "seconds": round(seconds, 4), "operations": names[::-1][:LONGEST_NAMED]}
