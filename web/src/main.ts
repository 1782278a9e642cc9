import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { firstLanguage, speak } from '$lib/i18n.svelte';
import { useTheme } from '$lib/theme';

useTheme();
await speak(firstLanguage());
mount(App, { target: document.getElementById('app')! });
