package workday_test

import (
	"fmt"
	"strings"
	"time"

	"gongshu/sharing"
	"gongshu/workday"
)

func ExampleCalendar_Project() {
	received := time.Date(2024, 2, 8, 15, 30, 0, 0, sharing.Shanghai)
	p, err := workday.ShippedCalendar().Project(sharing.Clock{
		Start:  received,
		Budget: sharing.Budget{N: 5, Unit: sharing.WorkingDays},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range p.Days {
		fmt.Println(strings.TrimSpace(fmt.Sprint(d.Date, " ", d.Kind, " ", d.N, " ", d.Source)))
	}
	fmt.Println("due", p.DueDate, p.DueAt.Format(time.RFC3339))
	// Output:
	// 2024-02-08 start 0
	// 2024-02-09 worked 1
	// 2024-02-10 holiday 0 国办发明电〔2023〕7号
	// 2024-02-11 holiday 0 国办发明电〔2023〕7号
	// 2024-02-12 holiday 0 国办发明电〔2023〕7号
	// 2024-02-13 holiday 0 国办发明电〔2023〕7号
	// 2024-02-14 holiday 0 国办发明电〔2023〕7号
	// 2024-02-15 holiday 0 国办发明电〔2023〕7号
	// 2024-02-16 holiday 0 国办发明电〔2023〕7号
	// 2024-02-17 holiday 0 国办发明电〔2023〕7号
	// 2024-02-18 make_up 2 国办发明电〔2023〕7号
	// 2024-02-19 worked 3
	// 2024-02-20 worked 4
	// 2024-02-21 worked 5
	// due 2024-02-21 2024-02-22T00:00:00+08:00
}
