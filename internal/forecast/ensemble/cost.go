package ensemble

// Operations estimates the work that Join does at Quick effort for series of a
// length: counted additions and multiplications, not time, so that a budget
// means the same on every machine. It is meant for choosing how many series fit
// into a round; it was compared with profiles and is right within a third.
func Operations(series, length, season, horizon int) int64 {
	n, size, h, lags := int64(series), int64(length), int64(horizon), int64(8*season)
	origins := int64(Quick.origins()) + 1
	history := 120 * size                                          // logarithms, differences, states: once for all models and origins
	regression := 8*(h+lags)*(h+lags) + 2*h*lags                   // products of both base regressions
	smoothing := int64(15*15) * size                               // a pass for each parameter tried
	order := int64(270) * size                                     // three orders of ARIMA from one table
	plain := 4 * h * lags                                          // base forecasts of one origin
	tree := int64(50*15) * h                                       // the forest at every step
	network := int64(7*4*12*(2*season+13)) + h*int64(13+6*horizon) // one pass through the network
	rows := max(40*n, 1500) / 6
	samples := max(3*n, 128)
	perSeries := history + regression + smoothing + order + origins*(plain+tree+network)
	common := rows*(plain/8+6*50*30) + samples*(3*network+plain) + lags*lags*(lags/3+2*h)
	return n*perSeries + common
}
