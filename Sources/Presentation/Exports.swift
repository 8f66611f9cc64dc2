// Figures and pictures come with what shows them.

@_exported import Charts
