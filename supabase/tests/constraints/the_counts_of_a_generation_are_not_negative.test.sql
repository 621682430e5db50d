begin;
select plan(7);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');

select tests.violates(
  format('update relay.generations set %I = -1', counted), 'generations', 'generations_counts_are_not_negative', counted
) from unnest(array['prompt_tokens', 'completion_tokens', 'total_tokens', 'first_token_ms', 'overhead_ms']) as counted;
select tests.violates(
  'update relay.generations set text_units = -1', 'generations', 'generations_text_units_are_not_negative',
  'the length of the text'
);
select lives_ok(
  $$ update relay.generations
    set prompt_tokens = 0, completion_tokens = 0, total_tokens = 0, first_token_ms = 0, overhead_ms = 0, text_units = 0 $$,
  'they may be zero'
);

select * from finish();
rollback;
