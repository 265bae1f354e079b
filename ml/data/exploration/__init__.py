"""The exploratory analysis of a store as one page.

``page`` puts it together; the modules it calls look at one side of the data
each, and return charts with a sentence that was computed from the same rows.
"""
