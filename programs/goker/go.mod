module goker

go 1.27
