begin;
select plan(3);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');
select tests.given_text('first', 'Once');
select tests.call_cancel('owner', 'first');

select is(
  tests.call_beat('first', 4, 9, ' upon'), '{"lost": [], "stored": {"first": 9}, "cancelled": ["first"]}',
  'the text was there when the wish came'
);
select is(relay.text_of('first'), 'Once upon', 'and is kept');
select is(status, 'running', 'until the worker ends it') from relay.generations;

select * from finish();
rollback;
