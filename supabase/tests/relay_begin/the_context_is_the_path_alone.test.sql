begin;
select plan(2);

select tests.given_tale('owner');

select is(
  tests.call_begin('owner', 'a', 'And then?', conversation => 'tale') -> 'context',
  '[
    {"role": "user", "content": "first question"}, {"role": "assistant", "content": "first answer"},
    {"role": "user", "content": "second question"}, {"role": "assistant", "content": "second answer"},
    {"role": "user", "content": "And then?"}
  ]',
  'from the root to the active leaf, in order and by role'
);
select is(
  tests.call_begin('owner', 'b', 'Why?', parent => 'other question') -> 'context',
  '[
    {"role": "user", "content": "first question"}, {"role": "assistant", "content": "other answer"},
    {"role": "user", "content": "other question"}, {"role": "user", "content": "Why?"}
  ]',
  'the other branch has nothing of the first'
);

select * from finish();
rollback;
