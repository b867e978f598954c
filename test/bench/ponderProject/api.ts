import { Hono } from 'hono'

// ponder wants one; what is measured is asked of its own pages.
export default new Hono()
