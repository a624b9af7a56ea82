"""An encoder and a metric of one's own for seqmine."""
