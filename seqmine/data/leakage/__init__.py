"""Detection of leaks: does anything that training or cleaning saw tell of the events that are to be predicted?"""

from seqmine.data.leakage.detector import find_leaks as find_leaks
from seqmine.data.leakage.report import LeakCheck as LeakCheck
from seqmine.data.leakage.report import LeakReport as LeakReport
