// Package forecast is `drover forecast`: it reads series and events from
// files, has internal/forecast/ensemble forecast them, and writes quantiles.
// `drover forecast score` judges such files. It holds no model.
package forecast
