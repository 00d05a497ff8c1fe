module example.com/tracev1

go 1.19
