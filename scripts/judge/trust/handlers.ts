/**
 * What the shop does: the handlers of its services, as their Go (and Java) code would run. Names marked by `site` are
 * places where an injector can act; nothing in here is broken.
 */
import { grpc, http, outside, publish, sql } from './calls.ts'
import { type Flow, goroutine, inner, log, MS, parallel, site, work } from './flow.ts'

type Route = {
  readonly method: string
  readonly route: string
  readonly weight: number
  readonly handler: (flow: Flow) => void
}

/** What people ask the gateway for. */
export const routes: readonly Route[] = [
  { method: 'GET', route: '/api/cart/{id}', weight: 25, handler: viaGateway('cart', 'GET', '/cart/{id}', showCart) },
  {
    method: 'POST',
    route: '/api/cart/{id}/items',
    weight: 15,
    handler: viaGateway('cart', 'POST', '/cart/{id}/items', addItem),
  },
  { method: 'POST', route: '/api/orders', weight: 22, handler: viaGateway('orders', 'POST', '/orders', placeOrder) },
  {
    method: 'GET',
    route: '/api/orders/{id}',
    weight: 10,
    handler: viaGateway('orders', 'GET', '/orders/{id}', showOrder),
  },
  { method: 'GET', route: '/api/search', weight: 20, handler: viaGateway('search', 'GET', '/search', searchItems) },
  { method: 'GET', route: '/api/suggest', weight: 8, handler: viaGateway('search', 'GET', '/suggest', suggest) },
]

function viaGateway(to: string, method: string, route: string, handler: (flow: Flow) => void) {
  return (flow: Flow): void => {
    inner(flow, 'authorize', (own) => work(own, 0.4))
    http(flow, to, method, route, handler)
    work(flow, 0.2)
    log(flow, 'request served', 9, { route })
  }
}

function showCart(flow: Flow): void {
  log(flow, 'cart requested')
  sql(flow, 'SELECT', 'carts')
  inner(flow, 'cart.load_prefs', (own) => {
    work(own, 0.3)
    sql(own, 'SELECT', 'preferences')
  })
  site(flow, 'cart.helper')
  grpc(flow, 'price', 'shop.Price', 'Quote', quote)
  inner(flow, 'session.refresh', (own) => {
    work(own, 0.2)
    sql(own, 'UPDATE', 'sessions', 0.8)
  })
  work(flow, 0.5)
  log(flow, 'cart rendered', 9, { items: flow.world.random.below(9) })
}

function addItem(flow: Flow): void {
  log(flow, 'item added')
  inner(flow, 'cart.check_stock', (own) => grpc(own, 'inventory', 'shop.Inventory', 'Check', checkStock))
  sql(flow, 'INSERT', 'cart_items')
  work(flow, 0.4)
}

function quote(flow: Flow): void {
  log(flow, 'quote', 5)
  inner(flow, 'price.rules', (own) => {
    work(own, 0.5)
    sql(own, 'SELECT', 'rules', 0.9)
  })
  if (!site(flow, 'price.flight')) sql(flow, 'SELECT', 'prices')
  work(flow, 0.2)
}

function placeOrder(flow: Flow): void {
  const { random } = flow.world
  log(flow, 'order received')
  inner(flow, 'order.validate', (own) => {
    work(own, 0.3)
    sql(own, 'SELECT', 'customers')
    grpc(own, 'inventory', 'shop.Inventory', 'Reserve', reserve)
    work(own, 0.2)
  })
  site(flow, 'orders.loop')
  const lines = 2 + random.below(5)
  for (let i = 0; i < lines; i++) {
    inner(flow, 'order.line', (own) => {
      work(own, 0.2)
      sql(own, 'SELECT', 'products', 0.6)
    })
  }
  site(flow, 'orders.loop_end')
  http(flow, 'payment', 'POST', '/charges', charge)
  sql(flow, 'INSERT', 'orders')
  goroutine(flow, (own) =>
    inner(own, 'audit.write', (audit) => {
      work(audit, 0.6)
      sql(audit, 'INSERT', 'audit_log', 2)
    }),
  )
  publish(flow, 'kafka', 'orders.placed', 'worker', fulfil)
  if (random.chance(0.7)) publish(flow, 'nats', 'mail.send', 'mailer', sendMail)
  // Outlives the request on purpose, with context.WithoutCancel.
  goroutine(flow, (own) => {
    if (site(own, 'orders.notify')) return
    inner(own, 'order.notify', (notify) => outside(notify, 'hooks.partner.example', 'POST', 45))
  })
  work(flow, 0.4)
  log(flow, 'order placed', 9, { lines })
}

function showOrder(flow: Flow): void {
  sql(flow, 'SELECT', 'orders')
  inner(flow, 'order.render', (own) => work(own, 0.8))
  log(flow, 'order shown')
}

function charge(flow: Flow): void {
  log(flow, 'charging')
  inner(flow, 'fraud.check', (own) => {
    work(own, 1.2)
    sql(own, 'SELECT', 'fraud_scores')
  })
  outside(flow, 'bank.example.com', 'POST', 60)
  sql(flow, 'INSERT', 'charges')
  log(flow, flow.world.random.chance(0.02) ? 'charge declined' : 'charge accepted')
}

function reserve(flow: Flow): void {
  sql(flow, 'SELECT', 'stock')
  inner(flow, 'stock.lock', (own) => sql(own, 'UPDATE', 'stock', 2.5))
  log(flow, 'stock reserved')
}

function checkStock(flow: Flow): void {
  sql(flow, 'SELECT', 'stock')
  log(flow, 'stock checked', 5)
}

function searchItems(flow: Flow): void {
  log(flow, 'search')
  const shard = (own: Flow): void => inner(own, 'search.shard', (one) => work(one, 6, 0.6))
  parallel(flow, [shard, shard, shard])
  http(flow, 'legacy', 'GET', '/catalogue/items', listItems)
  inner(flow, 'search.rank', (own) => work(own, 1.5))
  // A job for the pool of the process; the job carries its context.
  goroutine(flow, (own) => indexJob(own), flow.world.random.exponential(2 * MS))
  log(flow, 'search done', 9, { hits: flow.world.random.below(200) })
}

function suggest(flow: Flow): void {
  inner(flow, 'suggest.rank', (own) => work(own, 0.9))
  goroutine(flow, (own) => indexJob(own), flow.world.random.exponential(2 * MS))
  work(flow, 1.5)
  log(flow, 'suggested', 5)
}

function indexJob(flow: Flow): void {
  inner(flow, 'index.touch', (job) => {
    work(job, 0.7)
    sql(job, 'UPDATE', 'search_index')
  })
}

function listItems(flow: Flow): void {
  sql(flow, 'SELECT', 'catalogue', 3)
  http(flow, 'stock', 'GET', '/stock/levels', (own) => sql(own, 'SELECT', 'levels'))
  grpc(flow, 'price', 'shop.Price', 'Quote', quote)
  work(flow, 1.5)
  log(flow, 'catalogue listed')
}

function fulfil(flow: Flow): void {
  log(flow, 'fulfilling')
  sql(flow, 'SELECT', 'orders')
  grpc(flow, 'inventory', 'shop.Inventory', 'Commit', commitStock)
  inner(flow, 'invoice.render', (own) => work(own, 9, 0.6))
  sql(flow, 'UPDATE', 'orders')
  log(flow, 'fulfilled')
}

function commitStock(flow: Flow): void {
  sql(flow, 'UPDATE', 'stock', 2)
  log(flow, 'stock committed')
}

function sendMail(flow: Flow): void {
  inner(flow, 'mail.render', (own) => work(own, 4, 0.5))
  outside(flow, 'smtp.example.net', 'POST', 90)
  log(flow, 'mail sent')
}

/** Every five minutes, by nobody's request. */
export function cleanUp(flow: Flow): void {
  inner(flow, 'cron.cleanup', (own) => {
    log(own, 'cleanup begins')
    sql(own, 'DELETE', 'sessions', 40)
    grpc(own, 'inventory', 'shop.Inventory', 'Sweep', (sweep) => sql(sweep, 'DELETE', 'reservations', 15))
  })
}

export function probe(flow: Flow): void {
  work(flow, 0.05)
}
