"""Speed on real data, beside the peers on the same input; run by ``make bench``."""
