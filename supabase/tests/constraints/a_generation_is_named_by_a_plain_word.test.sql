begin;
select plan(6);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');

select tests.violates(
  $$ update relay.generations set stream_id = '' $$, 'generations', 'generations_stream_id_is_a_name', 'nothing is no name'
);
select tests.violates(
  $$ update relay.generations set stream_id = repeat('a', 129) $$, 'generations', 'generations_stream_id_is_a_name',
  '129 characters are too many'
);
select tests.violates(
  $$ update relay.generations set stream_id = 'two words' $$, 'generations', 'generations_stream_id_is_a_name',
  'a space is no part of a name'
);
select tests.violates(
  $$ update relay.generations set stream_id = E'first\n' $$, 'generations', 'generations_stream_id_is_a_name',
  'nor is a line break at the end'
);
select lives_ok($$ update relay.generations set stream_id = repeat('a', 128) $$, '128 characters are a name');
select lives_ok($$ update relay.generations set stream_id = 'aZ09._:-' $$, 'of these');

select * from finish();
rollback;
