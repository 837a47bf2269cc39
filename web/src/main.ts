import { mount } from 'svelte'
import App from './App.svelte'
import './app.css'

const target = document.getElementById('app')!
target.replaceChildren() // the frame that stood for the console until now
mount(App, { target })
