begin;
select plan(2);

select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
select tests.given_conversation('blank', 'owner');

select is(
  tests.call_begin('owner', 'a', 'Begin!', conversation => 'blank') -> 'context',
  '[{"role": "user", "content": "Begin!"}]', 'nothing comes before it'
);
select results_eq(
  $$ select parent_id, content from public.messages where conversation_id = tests.id('blank') $$,
  $$ values (null::uuid, 'Begin!') $$, 'the user''s words are the root'
);

select * from finish();
rollback;
