module example.com/team/tiny/v2

go 1.26

require example.com/dep v1.4.2

replace example.com/dep v1.4.2 => ./dep
