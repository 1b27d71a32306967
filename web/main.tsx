import { render } from 'preact';
import { App } from './app';
import { connect } from './state/connection';
import './styles/base.css';
import './styles/header.css';
import './styles/cards.css';
import './styles/timeline.css';
import './styles/replacements.css';
import './styles/tables.css';
import './styles/dialogs.css';

const page = document.getElementById('page');
if (page) render(<App />, page);
connect();
